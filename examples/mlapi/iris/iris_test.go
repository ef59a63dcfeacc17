package iris_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"gonum.org/v1/gonum/stat"

	"github.com/jotgate/jotgate/examples/mlapi/iris"
)

// The statistics are those of the published table; a copy with a wrong row has others.
func TestFisher(t *testing.T) {
	flowers, err := iris.Read(iris.Fisher)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range flowers {
		count[s.Species]++
	}
	for _, name := range []string{"setosa", "versicolor", "virginica"} {
		if count[name] != 50 || len(count) != 3 {
			t.Errorf("species: got %v, want 50 of each of three", count)
		}
	}
	for c, want := range [][2]float64{{5.843333, 0.828066}, {3.057333, 0.435866}, {3.758, 1.765298}, {1.199333, 0.762238}} {
		var column []float64
		for _, s := range flowers {
			column = append(column, s.Flower[c])
		}
		mean, deviation := stat.MeanStdDev(column, nil)
		if math.Abs(mean-want[0]) > 1e-6 || math.Abs(deviation-want[1]) > 1e-6 {
			t.Errorf("column %d: got mean %f and deviation %f, want %v", c, mean, deviation, want)
		}
	}
}

func TestTrain(t *testing.T) {
	m, err := iris.Train(iris.Fisher)
	if err != nil {
		t.Fatal(err)
	}
	if m.Trained != 120 || m.HeldOut != 30 || m.Accuracy < 0.93 {
		t.Errorf("got %d trained, %d held out, accuracy %.3f, want 120, 30, at least 0.93", m.Trained, m.HeldOut, m.Accuracy)
	}
	for want, f := range map[string]iris.Flower{"setosa": {5.1, 3.5, 1.4, 0.2}, "versicolor": {5.9, 2.8, 4.3, 1.3}, "virginica": {6.6, 3, 5.6, 2.0}} {
		if got := m.Predict(f); got != want {
			t.Errorf("%v: got %s, want %s", f, got, want)
		}
	}
	for _, f := range []iris.Flower{{}, {100, 1e-300, 100, 1e-300}, {math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64, 1}} {
		if got := m.Predict(f); got == "" {
			t.Errorf("%v, which is no flower: got no name, want one", f)
		}
	}
}

func file(text string) fstest.MapFS { return fstest.MapFS{"iris.csv": {Data: []byte(text)}} }

// The species are learned, not their names or the order of the rows; what is seen more often is likelier.
func TestTrainOnOthers(t *testing.T) {
	m, err := iris.Train(file(head +
		"1.1,1,1,1.2,z\n1,1.1,1.2,1,z\n1,1.2,1,1,z\n1.2,1,1.1,1.1,z\n1.1,1.1,1,1,z\n" +
		"3.3,3,3.1,3,a\n3,3.1,3,3.2,a\n3.1,3,3.3,3,a\n3,3,3.1,3.3,a\n3.1,3.1,3,3,a\n"))
	if err != nil {
		t.Fatal(err)
	}
	if low, high := m.Predict(iris.Flower{1, 1, 1, 1}), m.Predict(iris.Flower{3, 3, 3, 3}); low != "z" || high != "a" || m.Accuracy != 1 {
		t.Errorf("got %s and %s, accuracy %v, want z, a and 1", low, high, m.Accuracy)
	}
}

const head = "sepal_length,sepal_width,petal_length,petal_width,species\n"

func TestTrainRefuses(t *testing.T) {
	row := func(species string, n int) string { return strings.Repeat("1,1,1,1,"+species+"\n", n) }
	alike := row("a", 9) + row("b", 9)
	for text, want := range map[string]string{
		"":                               "five flowers",
		"a,b,c,d\n":                      "wrong number of fields",
		head + "1,1,1,1\n":               "wrong number of fields",
		head + "1,1,x,1,a\n":             "flower 1",
		head:                             "five flowers",
		head + row("a", 9):               "five flowers",
		head + row("a", 4) + row("b", 4): "five flowers",
		head + alike:                     "say nothing",
		head + alike + "NaN,1,1,1,a\n":   "say nothing",
		head + alike + "1e308,1,1,1,a\n-1e308,1,1,1,a\n": "say",
	} {
		if m, err := iris.Train(file(text)); m != nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: got %v, %v, want an error with %q", text, m, err, want)
		}
	}
	if m, err := iris.Train(fstest.MapFS{}); m != nil || err == nil {
		t.Errorf("no file: got %v, %v, want an error", m, err)
	}
}

func BenchmarkTrain(b *testing.B) {
	for b.Loop() {
		if _, err := iris.Train(iris.Fisher); err != nil {
			b.Fatal(err)
		}
	}
}
