package main

import (
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate/adapters/jothuma"
	"github.com/jotgate/jotgate/examples/mlapi/iris"
)

// models is the model that serves, and what the next one learns from.
type models struct {
	flowers  fs.FS
	training sync.Mutex
	current  atomic.Pointer[iris.Model]
}

func registerModels(api huma.API, m *models) {
	huma.Post(api, "/models/iris/predict/", m.predict, says("Name the species of flowers"), jothuma.Require("models:predict"))
	huma.Post(api, "/models/iris/reload/", m.reload, says("Train the model again"), jothuma.Require("models:write"))
}

// train puts a new model in the place of the one that serves, which stays if that fails. Requests go on meanwhile.
func (m *models) train() (*iris.Model, error) {
	m.training.Lock()
	defer m.training.Unlock()
	next, err := iris.Train(m.flowers)
	if err != nil {
		return nil, err
	}
	m.current.Store(next)
	slog.Info("the model is trained", "flowers", next.Trained, "held_out", next.HeldOut, "accuracy", next.Accuracy)
	return next, nil
}

type predictInput struct {
	Caller Caller
	Body   struct {
		Input []flower `json:"input" minItems:"1" maxItems:"1000" nullable:"false"`
	}
}

type flower iris.Flower

// TransformSchema is called by Huma and says what the type cannot.
func (flower) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Nullable, s.Items.ExclusiveMinimum, s.Items.Maximum = false, new(0.0), new(100.0)
	s.Description = "Length and width of a sepal, length and width of a petal, in cm"
	s.Examples = []any{[]float64{5.1, 3.5, 1.4, 0.2}}
	return s
}

type predictOutput struct {
	Body struct {
		Output []string `json:"output" nullable:"false" doc:"The species of each flower"`
	}
}

func (m *models) predict(ctx context.Context, in *predictInput) (*predictOutput, error) {
	model, out := m.current.Load(), new(predictOutput)
	for _, f := range in.Body.Input {
		out.Body.Output = append(out.Body.Output, model.Predict(iris.Flower(f)))
	}
	slog.InfoContext(ctx, "a prediction", "user", in.Caller.Subject(), "flowers", len(in.Body.Input))
	return out, nil
}

type reloadOutput struct{ Body *iris.Model }

func (m *models) reload(ctx context.Context, in *struct{ Caller Caller }) (*reloadOutput, error) {
	slog.InfoContext(ctx, "a reload", "user", in.Caller.Subject())
	next, err := m.train()
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("The old model stays: the log says why", err)
	}
	return &reloadOutput{next}, nil
}
