package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"

	"github.com/labstack/echo/v5"
)

// sendJSON answers with compact JSON in ASCII and without a line end, as Python's json.dumps writes it.
func sendJSON(c *echo.Context, status int, v any) error {
	text, err := asciiJSON(v)
	if err != nil {
		return err
	}
	return c.Blob(status, echo.MIMEApplicationJSON, text)
}

func asciiJSON(v any) ([]byte, error) {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	var text []byte
	for _, r := range string(bytes.TrimSuffix(plain.Bytes(), []byte("\n"))) {
		if r < 0x7f {
			text = append(text, byte(r))
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			text = fmt.Appendf(text, `\u%04x`, unit)
		}
	}
	return text, nil
}
