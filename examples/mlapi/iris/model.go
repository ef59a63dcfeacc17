package iris

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Model is a linear discriminant analysis: the flowers of a species lie around their mean, and those of all species are
// scattered alike. It does not change and may be used by many at once.
type Model struct {
	Trained  int     `json:"trained" doc:"Flowers that it has learned from"`
	HeldOut  int     `json:"held_out" doc:"Flowers that it was tested on"`
	Accuracy float64 `json:"accuracy" doc:"The part of these that it names rightly"`

	species []string
	weights [][]float64 // of the measures, for each species
	offsets []float64
}

// Predict names the likeliest species.
func (m *Model) Predict(f Flower) string {
	scores := slices.Clone(m.offsets)
	for i, w := range m.weights {
		scores[i] += floats.Dot(w, f[:])
	}
	return m.species[floats.MaxIdx(scores)]
}

// Train reads files, learns from four fifths of the flowers, and measures Accuracy on the others.
func Train(files fs.FS) (*Model, error) {
	samples, err := Read(files)
	if err != nil {
		return nil, err
	}
	train, test := split(samples)
	if len(train) < 2 || len(test) == 0 {
		return nil, errors.New("want at least five flowers of each of two species")
	}
	m := &Model{species: slices.Sorted(maps.Keys(train)), Trained: len(samples) - len(test), HeldOut: len(test)}
	if err := m.learn(train); err != nil {
		return nil, err
	}
	right := 0
	for _, s := range test {
		if m.Predict(s.Flower) == s.Species {
			right++
		}
	}
	m.Accuracy = float64(right) / float64(m.HeldOut)
	return m, nil
}

// split keeps every fifth flower of a species for the test.
func split(samples []Sample) (train map[string][]Flower, test []Sample) {
	train, seen := map[string][]Flower{}, map[string]int{}
	for _, s := range samples {
		if seen[s.Species]++; seen[s.Species]%5 == 0 {
			test = append(test, s)
			continue
		}
		train[s.Species] = append(train[s.Species], s.Flower)
	}
	return train, test
}

func (m *Model) learn(train map[string][]Flower) error {
	means := make([]*mat.VecDense, len(m.species))
	var around []float64 // the flowers, each as seen from its species' mean
	for i, name := range m.species {
		means[i] = mean(train[name])
		for _, f := range train[name] {
			floats.Sub(f[:], means[i].RawVector().Data)
			around = append(around, f[:]...)
		}
	}
	var scatter mat.SymDense
	stat.CovarianceMatrix(&scatter, mat.NewDense(m.Trained, len(Flower{}), around), nil)
	var c mat.Cholesky
	if !c.Factorize(&scatter) {
		return errors.New("the measures say nothing, or one says what the others do")
	}
	for i, name := range m.species {
		var w mat.VecDense
		if err := c.SolveVecTo(&w, means[i]); err != nil {
			return fmt.Errorf("the measures say too little: %w", err)
		}
		m.weights = append(m.weights, w.RawVector().Data)
		m.offsets = append(m.offsets, math.Log(float64(len(train[name])))-mat.Dot(means[i], &w)/2)
	}
	return nil
}

func mean(flowers []Flower) *mat.VecDense {
	sum := mat.NewVecDense(len(Flower{}), nil)
	for _, f := range flowers {
		sum.AddVec(sum, mat.NewVecDense(len(f), f[:]))
	}
	sum.ScaleVec(1/float64(len(flowers)), sum)
	return sum
}
