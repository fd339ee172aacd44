import "@cloudscape-design/global-styles/dark-mode-utils.css";
import "./style.css";
import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app";
import { applyTheme } from "./components/theme";

applyTheme();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <I18nProvider locale="en" messages={[messages]}>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </I18nProvider>,
  );
}
