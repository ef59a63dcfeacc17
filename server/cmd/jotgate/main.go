// Command jotgate is the server: sign-up, log-in and sessions behind one address, on an embedded database.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/server"
)

type commands struct {
	Serve   serveCmd   `cmd:"" help:"Start the server. Works without any setting."`
	User    userCmd    `cmd:"" help:"Make users from the command line."`
	Config  configCmd  `cmd:"" help:"Print the settings in force, secrets hidden."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// settingFlags is embedded by every command that opens the data.
type settingFlags struct {
	ConfigFile string `name:"config" placeholder:"FILE" help:"YAML file with any of these settings."`
	server.Settings
}

type versionCmd struct{}

func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "jotgate", server.Version)
	return err
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run returns the exit status: 0 done, 1 it failed, 2 wrong words on the command line or wrong settings.
func run(args []string, in io.Reader, out, errs io.Writer) int {
	var cli commands
	exit := -1
	parser := kong.Must(&cli,
		kong.Name("jotgate"),
		kong.Description("Sign-up, log-in and JWT-protected routes for any web API.\n\nEvery setting can also stand in the environment (JOTGATE_ACCESS_TTL) or in a YAML file (access_ttl: 15m); flags win over the environment, the environment over the file."),
		kong.Vars{"algorithms": strings.Join(jwt.Algorithms(), ", ")},
		kong.DefaultEnvars("JOTGATE"),
		kong.Writers(out, errs),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(out, (*io.Writer)(nil)),
		kong.BindTo(in, (*io.Reader)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	parsed, err := parse(parser, args, os.LookupEnv, os.Environ())
	if exit >= 0 {
		return exit
	}
	if err != nil {
		return fail(errs, 2, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(); err != nil {
		return fail(errs, exitCode(err), err)
	}
	return 0
}

// fail prints one line for each fault.
func fail(errs io.Writer, code int, err error) int {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintln(errs, "jotgate:", line)
	}
	return code
}

// newLogger writes to standard error, in UTC with milliseconds.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the settings have been checked
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			a.Value = slog.StringValue(a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		}
		return a
	}}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

const shortWait = 5 * time.Second // for a deed from the command line
