package main

import (
	"time"

	"github.com/alecthomas/kong"
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
	values, err := c.values()
	if err != nil {
		return err
	}
	return toml.NewEncoder(sys.stdout).Encode(values)
}

// values are the settings by the names of their flags.
func (s settings) values() (map[string]any, error) {
	grammar := struct{ settings }{s}
	parser, err := kong.New(&grammar)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, flag := range parser.Model.Flags {
		if flag.Name == "help" || flag.Name == "config" {
			continue
		}
		out[flag.Name] = flag.Target.Interface()
		if d, ok := out[flag.Name].(time.Duration); ok {
			out[flag.Name] = d.String()
		}
	}
	return out, nil
}
