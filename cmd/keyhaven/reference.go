package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" help:"Shell: bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Help is what --help says beside the flags.
func (completionCmd) Help() string {
	return "bash: keyhaven completion bash > /etc/bash_completion.d/keyhaven. zsh: keyhaven completion zsh > \"${fpath[1]}/_keyhaven\". " +
		"fish: keyhaven completion fish > ~/.config/fish/completions/keyhaven.fish."
}

// Run prints the script, made from the command line itself.
func (c *completionCmd) Run(k *kong.Context, sys *system) error {
	cmds := commands(k.Model.Node, nil)
	switch c.Shell {
	case "fish":
		return fishCompletion(sys.stdout, cmds)
	case "zsh":
		if _, err := io.WriteString(sys.stdout, "#compdef keyhaven\nautoload -U +X bashcompinit && bashcompinit\n"); err != nil {
			return err
		}
	}
	return bashCompletion(sys.stdout, cmds)
}

// command is one node of the command line.
type command struct {
	path  []string
	node  *kong.Node
	words []string // what may follow: subcommands, then flags
}

func (c *command) name() string { return strings.Join(c.path, " ") }

// commands lists a node and all below it that are not hidden.
func commands(n *kong.Node, path []string) (all []*command) {
	c := &command{path: path, node: n}
	all = append(all, c)
	for _, child := range n.Children {
		if child.Hidden || child.Type != kong.CommandNode {
			continue
		}
		c.words = append(c.words, child.Name)
		all = append(all, commands(child, append(path[:len(path):len(path)], child.Name))...)
	}
	for _, f := range n.Flags {
		if !f.Hidden {
			c.words = append(c.words, "--"+f.Name)
		}
	}
	for _, p := range n.Positional {
		c.words = append(c.words, p.EnumSlice()...)
	}
	return all
}

func bashCompletion(w io.Writer, cmds []*command) error {
	var b strings.Builder
	b.WriteString(`_keyhaven() {
  local cur="${COMP_WORDS[COMP_CWORD]}" path="" word words
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
`)
	for _, c := range cmds[1:] {
		fmt.Fprintf(&b, "      \" %s\") path=\" %s\" ;;\n", c.name(), c.name())
	}
	b.WriteString("    esac\n  done\n  case \"$path\" in\n")
	for _, c := range cmds {
		prefix := ""
		if len(c.path) > 0 {
			prefix = " "
		}
		fmt.Fprintf(&b, "    \"%s%s\") words=\"%s\" ;;\n", prefix, c.name(), strings.Join(c.words, " "))
	}
	b.WriteString(`  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _keyhaven keyhaven
`)
	_, err := io.WriteString(w, b.String())
	return err
}

func fishCompletion(w io.Writer, cmds []*command) error {
	var b strings.Builder
	b.WriteString(`function __keyhaven_at
  set -l words (commandline -opc | string match -rv '^-')
  test "$words[2..]" = "$argv"
end
`)
	for _, c := range cmds {
		at := "-n '__keyhaven_at " + c.name() + "'"
		for _, child := range c.node.Children {
			if !child.Hidden && child.Type == kong.CommandNode {
				fmt.Fprintf(&b, "complete -c keyhaven -f %s -a %s -d %s\n", at, child.Name, fishQuote(child.Help))
			}
		}
		for _, f := range c.node.Flags {
			if !f.Hidden {
				fmt.Fprintf(&b, "complete -c keyhaven %s -l %s -d %s\n", at, f.Name, fishQuote(f.Help))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

type manCmd struct{}

// Run prints the manual page, made from the command line itself.
func (manCmd) Run(k *kong.Context, sys *system) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH KEYHAVEN 1 \"\" \"keyhaven %s\" \"User Commands\"\n.SH NAME\nkeyhaven \\- %s\n.SH SYNOPSIS\n.B keyhaven\n.I command\n[\\fIflags\\fR]\n", roff(version), roff(k.Model.Help))
	b.WriteString(".SH DESCRIPTION\nEvery flag can also be set as \\fBKEYHAVEN_\\fINAME\\fR in the environment, dashes becoming underscores, and as \\fIname\\fR in the file of \\fB\\-\\-config\\fR. " +
		"The command line wins over the environment, and that over the file. Secrets come from the environment alone.\n.SH COMMANDS\n")
	for _, c := range commands(k.Model.Node, nil)[1:] {
		if len(c.node.Children) > 0 {
			continue // its subcommands say it
		}
		manCommand(&b, c)
	}
	b.WriteString(`.SH ENVIRONMENT
.TP
.B KEYHAVEN_ROOT_ACCESS_KEY_ID, KEYHAVEN_ROOT_SECRET_ACCESS_KEY
A key of the root, kept for as long as both are set.
.TP
.B KEYHAVEN_METRICS_TOKEN
The bearer token of /\-/metrics; without it there are no metrics.
.TP
.B OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER
Where traces go, with the other standard variables of OpenTelemetry.
.SH EXIT STATUS
0; 1 for a failure; 2 for a command line that is wrong.
`)
	_, err := io.WriteString(sys.stdout, b.String())
	return err
}

func manCommand(b *strings.Builder, c *command) {
	fmt.Fprintf(b, ".SS keyhaven %s", roff(c.name()))
	for _, p := range c.node.Positional {
		fmt.Fprintf(b, " %s", roff(p.Summary()))
	}
	fmt.Fprintf(b, "\n%s\n", roff(c.node.Help))
	if c.node.Detail != "" {
		fmt.Fprintf(b, ".PP\n%s\n", roff(c.node.Detail))
	}
	for _, f := range c.node.Flags {
		if f.Hidden {
			continue
		}
		fmt.Fprintf(b, ".TP\n\\fB\\-\\-%s\\fR", roff(f.Name))
		if !f.IsBool() {
			fmt.Fprintf(b, "=\\fI%s\\fR", roff(f.FormatPlaceHolder()))
		}
		fmt.Fprintf(b, "\n%s", roff(f.Help))
		if f.HasDefault && !f.IsBool() && f.Default != "" {
			fmt.Fprintf(b, " Default: %s.", roff(f.Default))
		}
		b.WriteString("\n")
	}
}

// roff escapes text for a manual page.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
