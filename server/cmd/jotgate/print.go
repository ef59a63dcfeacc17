package main

import (
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/jotgate/jotgate/server"
)

// settingsYAML lists the settings under the names that a file has, so that what is printed can be read back.
func settingsYAML(s server.Settings) yaml.MapSlice {
	var list yaml.MapSlice
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := strings.ReplaceAll(f.Tag.Get("name"), "-", "_")
		if name == "" {
			name = snake(f.Name)
		}
		value := v.Field(i).Interface()
		if d, ok := value.(time.Duration); ok {
			value = d.String()
		}
		list = append(list, yaml.MapItem{Key: name, Value: value})
	}
	return list
}

// snake spells a field's name as kong does, with underscores.
func snake(field string) string {
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
