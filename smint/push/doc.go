// Package push receives purchase notices over Pusher Channels. A push is a hint
// to pull, never an order: its content is never used.
package push
