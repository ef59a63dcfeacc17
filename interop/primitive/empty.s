// Without this file the compiler refuses a function that has no body.
