package main

import (
	"log/slog"

	"github.com/gofiber/fiber/v2"

	"terang/handlers"
	"terang/views/pages"
)

// site is what a browser and the API meet.
func (a *app) site(o serveOptions, log *slog.Logger, logins []demoLogin) (*fiber.App, error) {
	var shown []pages.DemoLogin
	for _, l := range logins {
		shown = append(shown, pages.DemoLogin{Email: l.Email, Password: l.Password, Role: string(l.Role), Body: l.Body})
	}
	return handlers.New(handlers.Options{
		Cases: a.cases, Ready: a.fitNow, Seen: a.Watch.seen(), Span: a.Watch.span(), Stamp: a.store.Stamp, BaseURL: a.BaseURL, Secret: a.secret, TrustedProxies: o.proxies,
		Demo: len(logins) > 0, Logins: shown, Version: version, Log: log, Provider: o.provider,
	})
}
