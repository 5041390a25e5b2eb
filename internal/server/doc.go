// Package server is what every page and the JSON API are made with: sessions
// and the sign-in, the frame around a page, the stream of its changes, forms
// that come back with their messages, errors worded for people, and the shell
// around what a service in the cloud said last. It knows no family of pages
// and not the API; package site puts them together.
package server
