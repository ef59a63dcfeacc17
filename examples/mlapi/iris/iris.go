// Package iris tells species of iris apart by the size of their flowers, as R. A. Fisher did.
package iris

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"strconv"
)

// Flower is the length and width of a sepal and the length and width of a petal, each in centimetres.
type Flower [4]float64

// Sample is a flower whose species is known.
type Sample struct {
	Flower  Flower
	Species string
}

// Fisher holds 50 flowers of each of three species, measured by Edgar Anderson ("The use of multiple measurements in
// taxonomic problems", Annals of Eugenics 7, 1936, table I). Copies with two wrong rows are about; this is as printed.
//
//go:embed iris.csv
var Fisher embed.FS

// Read reads the file iris.csv: after a header a row for each flower, its measures and its species.
func Read(files fs.FS) (list []Sample, err error) {
	f, err := files.Open("iris.csv")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := csv.NewReader(f)
	text.FieldsPerRecord = len(Flower{}) + 1
	rows, err := text.ReadAll()
	if err != nil {
		return nil, err
	}
	for i, row := range rows[min(1, len(rows)):] {
		s := Sample{Species: row[len(Flower{})]}
		for c := range s.Flower {
			if s.Flower[c], err = strconv.ParseFloat(row[c], 64); err != nil {
				return nil, fmt.Errorf("flower %d: %w", i+1, err)
			}
		}
		list = append(list, s)
	}
	return list, nil
}
