package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const envPrefix = "JOTGATE_"

// settingsError is about what the user wrote, not about what failed.
type settingsError struct{ error }

func exitCode(err error) int {
	if errors.As(err, new(settingsError)) {
		return 2
	}
	return 1
}

// parse reads the settings in their order of precedence: flags, environment, file, defaults. Names that nobody knows stop
// it: a mistyped setting that is passed over in silence is a hole.
func parse(k *kong.Kong, args []string, lookup func(string) (string, bool), environ []string) (*kong.Context, error) {
	known := settingNames(k)
	if err := checkEnvironment(known, environ); err != nil {
		return nil, err
	}
	file, err := settingsFile(args, lookup)
	if err != nil {
		return nil, err
	}
	values, err := readSettings(file, known)
	if err != nil {
		return nil, err
	}
	if err := kong.Resolvers(fileResolver(values, lookup)).Apply(k); err != nil {
		return nil, err
	}
	parsed, err := k.Parse(args)
	if err != nil {
		return nil, explained(err)
	}
	return parsed, nil
}

// explained adds the way out to kong's words.
func explained(err error) error {
	if strings.Contains(err.Error(), "duration") {
		return fmt.Errorf("%w; durations look like 90s, 15m or 720h", err)
	}
	return fmt.Errorf("%w; jotgate --help lists commands, jotgate serve --help lists settings", err)
}

// settingNames lists every setting as the file spells it.
func settingNames(k *kong.Kong) []string {
	var names []string
	for _, cmd := range k.Model.Children {
		if cmd.Name != "serve" {
			continue
		}
		for _, f := range cmd.Flags {
			names = append(names, strings.ReplaceAll(f.Name, "-", "_"))
		}
	}
	return names
}

func checkEnvironment(known, environ []string) error {
	var names []string
	for _, k := range known {
		names = append(names, envPrefix+strings.ToUpper(k))
	}
	var faults []error
	for _, entry := range environ {
		key, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(key, envPrefix) && !slices.Contains(names, key) {
			faults = append(faults, fmt.Errorf("environment: unknown setting %s%s", key, suggest(key, names)))
		}
	}
	return errors.Join(faults...)
}

// settingsFile finds --config before kong does, because kong needs the file's values while it parses.
func settingsFile(args []string, lookup func(string) (string, bool)) (string, error) {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v, nil
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1], nil
		}
	}
	v, _ := lookup(envPrefix + "CONFIG")
	return v, nil
}

// readSettings reads the file into texts as a flag would carry them.
func readSettings(path string, known []string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("config %s: %s", path, yaml.FormatError(err, false, false))
	}
	values := map[string]string{}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		m, ok := doc.Body.(ast.MapNode)
		if !ok {
			return nil, fmt.Errorf("config %s: want lines such as `access_ttl: 15m`", path)
		}
		if err := collect(values, m, path, known); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func collect(values map[string]string, m ast.MapNode, path string, known []string) error {
	var faults []error
	for it := m.MapRange(); it.Next(); {
		key, line := it.Key().GetToken().Value, it.Key().GetToken().Position.Line
		text, err := settingText(it.Value())
		switch {
		case !slices.Contains(known, key) || key == "config":
			err = fmt.Errorf("unknown setting %q%s", key, suggest(key, known))
		case err != nil:
			err = fmt.Errorf("%s: %w", key, err)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("config %s, line %d: %w", path, line, err))
		}
		values[key] = text
	}
	return errors.Join(faults...)
}

// settingText turns a value into the text of a flag; lists are joined with commas.
func settingText(n ast.Node) (string, error) {
	switch v := n.(type) {
	case *ast.SequenceNode:
		var items []string
		for _, item := range v.Values {
			text, err := settingText(item)
			if err != nil {
				return "", err
			}
			items = append(items, text)
		}
		return strings.Join(items, ","), nil
	case *ast.MappingNode, *ast.MappingValueNode, *ast.NullNode:
		return "", errors.New("want a value or a list of values")
	default:
		return n.GetToken().Value, nil
	}
}

// fileResolver gives the file's value where neither flag nor environment speaks. (kong would let it win over the
// environment.)
func fileResolver(values map[string]string, lookup func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		for _, env := range f.Envs {
			if _, set := lookup(env); set {
				return nil, nil
			}
		}
		if v, ok := values[strings.ReplaceAll(f.Name, "-", "_")]; ok {
			return v, nil
		}
		return nil, nil
	})
}

// suggest names the known setting that is nearest, if one is near.
func suggest(name string, known []string) string {
	best, bestDistance := "", 4
	for _, k := range known {
		if d := distance(name, k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return "; jotgate serve --help lists them"
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance is how many letters must be added, taken away or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
