import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The result goes beside dist/placeholder.html, which is committed so that the
// server builds without Node.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist/app",
    emptyOutDir: true,
    target: "es2022",
    // Every file is fetched by its own URL: the policy of the page allows no data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
});
