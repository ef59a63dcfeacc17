package main

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/password"
)

var errCredentials = errors.New("no such user with this password")

// user is a document of the collection users. One that the Python service wrote has the password as it was typed; from the
// first log-in on it has a hash instead.
type user struct {
	Key      any    `bson:"_id"`
	Username string `bson:"username"`
	Password string `bson:"password"`
	Hash     string `bson:"password_hash"`
}

type users struct {
	stored *mongo.Collection
	hasher *password.Hasher
	log    *slog.Logger
}

// identity is the identity_handler.
func (u users) identity(ctx context.Context, id jotgate.Identity) (user, error) {
	return u.find(ctx, id.Subject())
}

func (u users) find(ctx context.Context, name string) (user, error) {
	var found user
	err := u.stored.FindOne(ctx, bson.D{{Key: "username", Value: name}}).Decode(&found)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return user{}, jotgate.ErrNoUser
	case err != nil:
		return user{}, fmt.Errorf("looking for a user: %w", err)
	}
	return found, nil
}

// authenticate is the authentication_handler.
func (u users) authenticate(ctx context.Context, name, secret string) (user, error) {
	found, err := u.find(ctx, name)
	if err != nil && !errors.Is(err, jotgate.ErrNoUser) {
		return user{}, err
	}
	if err := u.prove(ctx, found, secret); err != nil {
		return user{}, err
	}
	return found, nil
}

// prove takes the same time whether there is such a user, and whether the password is hashed already.
func (u users) prove(ctx context.Context, found user, typed string) error {
	switch {
	case found.Hash != "":
		return u.verify(ctx, found, typed)
	case found.Password == "" || subtle.ConstantTimeCompare([]byte(found.Password), []byte(typed)) == 0:
		return cmp.Or(u.hasher.VerifyNone(ctx, typed), errCredentials)
	}
	hash, err := u.hasher.Hash(ctx, password.Policy{}.Normalize(typed))
	if err != nil {
		return err
	}
	u.replace(ctx, found, bson.E{Key: "password", Value: found.Password}, hash)
	return nil
}

// verify knows the hashes of other frameworks too. One that nobody can read is for the log.
func (u users) verify(ctx context.Context, found user, typed string) error {
	ok, better, err := u.hasher.LogIn(ctx, typed, found.Hash)
	switch {
	case errors.Is(err, password.ErrHash):
		return errors.Join(errCredentials, err)
	case err != nil:
		return err
	case !ok:
		return errCredentials
	case better != "":
		u.replace(ctx, found, bson.E{Key: "password_hash", Value: found.Hash}, better)
	}
	return nil
}

// replace stores a hash where the document still has what was proved: of several log-ins at once one does, and none undoes a
// new password. A log-in does not fail for it, the next one tries again.
func (u users) replace(ctx context.Context, found user, proved bson.E, hash string) {
	_, err := u.stored.UpdateOne(ctx, bson.D{{Key: "_id", Value: found.Key}, proved}, bson.D{
		{Key: "$set", Value: bson.D{{Key: "password_hash", Value: hash}}},
		{Key: "$unset", Value: bson.D{{Key: "password", Value: ""}}},
	})
	if err != nil {
		u.log.ErrorContext(ctx, "storing a hash", "username", found.Username, "error", err)
	}
}
