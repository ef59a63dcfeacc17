package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// openDatabase does not wait for the server: it is wanted first by makeIndexes.
func openDatabase(s Settings) (*mongo.Database, error) {
	client, err := mongo.Connect(options.Client().ApplyURI(s.MongoURL).SetTimeout(5 * time.Second))
	if err != nil {
		return nil, fmt.Errorf("MONGODB_HOST: %w", err)
	}
	return client.Database(s.Database), nil
}

// makeIndexes makes those that the queries want. That usernames differ was left to chance before: where two are alike it fails.
func makeIndexes(ctx context.Context, db *mongo.Database) error {
	unique := mongo.IndexModel{Keys: bson.D{{Key: "username", Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := db.Collection("users").Indexes().CreateOne(ctx, unique); err != nil {
		return fmt.Errorf("making an index of users: %w", err)
	}
	_, err := db.Collection("holodules").Indexes().CreateOne(ctx, mongo.IndexModel{Keys: bson.D{{Key: "datetime", Value: -1}}})
	return err
}

//go:embed seed
var seeds embed.FS

// seed stores what the tutorial has in its collections, and leaves alone what is there.
func seed(ctx context.Context, db *mongo.Database) error {
	for collection, key := range map[string]string{"users": "username", "holodules": "key"} {
		text, err := seeds.ReadFile("seed/" + collection + ".json")
		if err != nil {
			return err
		}
		var list []map[string]string
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		for _, document := range list {
			_, err := db.Collection(collection).UpdateOne(ctx, bson.D{{Key: key, Value: document[key]}},
				bson.D{{Key: "$setOnInsert", Value: document}}, options.UpdateOne().SetUpsert(true))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
