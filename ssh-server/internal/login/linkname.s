// An assembly file, even an empty one, lets disconnect.go declare a function without a body.
