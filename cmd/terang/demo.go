package main

import (
	"context"
	"time"

	"terang/models"
)

// demoLogin is an account of the demo, with its password.
type demoLogin struct {
	Email, Password string
	Role            models.Role
	Body            string
}

func demoLogins() ([]demoLogin, error) { return nil, nil }

func (a *app) seed(ctx context.Context, now time.Time, step func(done, of int64)) error { return nil }
