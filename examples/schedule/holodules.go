package main

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v5"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// holodule is a stream of the schedule.
type holodule struct {
	Key         string `json:"key" bson:"key"`
	VideoID     string `json:"video_id" bson:"video_id"`
	Datetime    string `json:"datetime" bson:"datetime"` // "20201209 230000"
	Name        string `json:"name" bson:"name"`
	Title       string `json:"title" bson:"title"`
	URL         string `json:"url" bson:"url"`
	Description string `json:"description" bson:"description"`
}

type schedule struct{ db *mongo.Database }

// ofDay answers the streams of a day, the latest first.
func (s schedule) ofDay(c *echo.Context) error {
	date := c.Param("date")
	if utf8.RuneCountInString(date) != len("yyyymmdd") {
		// The Python service called this a failure of its own. The status says whose it is, the body is what clients know.
		return sendJSON(c, http.StatusBadRequest, failure("Internal Server Error"))
	}
	if strings.Trim(date, "0123456789") != "" { // of no day, and what follows may be no part of a regular expression
		return echo.ErrNotFound
	}
	ctx := c.Request().Context()
	found, err := s.db.Collection("holodules").Find(ctx,
		bson.D{{Key: "datetime", Value: bson.Regex{Pattern: "^" + date}}},
		options.Find().SetSort(bson.D{{Key: "datetime", Value: -1}, {Key: "key", Value: 1}}))
	if err != nil {
		return err
	}
	var list []holodule
	if err := found.All(ctx, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		return echo.ErrNotFound
	}
	return sendJSON(c, http.StatusOK, struct {
		Result    int        `json:"result"`
		Holodules []holodule `json:"holodules"`
	}{len(list), list})
}
