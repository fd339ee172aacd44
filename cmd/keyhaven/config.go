package main

import (
	"github.com/pelletier/go-toml/v2"
)

type configCmd struct {
	Print configPrintCmd `cmd:"" help:"Print the settings in force, as a configuration file."`
}

type configPrintCmd struct {
	settings
}

// Run prints the settings. No secret is among them: secrets come from the
// environment alone.
func (c *configPrintCmd) Run(sys *system) error {
	enc := toml.NewEncoder(sys.stdout)
	return enc.Encode(map[string]any{
		"data":           c.Data,
		"listen":         c.Listen,
		"console-listen": c.ConsoleListen,
		"region":         c.Region,
		"domain":         c.Domain,
		"tls-cert":       c.TLSCert,
		"tls-key":        c.TLSKey,
		"acme-domain":    c.ACMEDomain,
		"acme-email":     c.ACMEEmail,
		"acme-ca":        c.ACMECA,
		"acme-ca-root":   c.ACMECARoot,
		"http-listen":    c.HTTPListen,
		"log-rate":       c.LogRate,
		"kms-keys":       c.KMSKeys,
		"must-exist":     c.MustExist,
		"upload-expiry":  c.UploadExpiry.String(),
		"max-buckets":    c.MaxBuckets,
		"request-memory": c.RequestMemory,
		"drain-timeout":  c.DrainTimeout.String(),
		"log-format":     c.LogFormat,
		"log-level":      c.LogLevel,
		"access-log":     c.AccessLog,
		"pprof-listen":   c.PprofListen,
	})
}
