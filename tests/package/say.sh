# shellcheck shell=bash
# What the scripts beside it share: saying what holds, and ending at what does not. To be sourced.

holds() { # words
    echo "  ok  $*"
}

# A goal that is no fault: the rest is looked at all the same.
misses() { # words
    echo "  MISSED  $*"
}

fails() { # words
    echo "FAILED  $*" >&2
    exit 1
}

# Runs a command that must succeed, quietly unless it does not.
must() { # words, command…
    local words=$1 said
    shift
    said=$("$@" 2>&1) || fails "$words: $said"
    holds "$words"
}

# Runs a command that must not succeed.
must_not() { # words, command…
    local words=$1
    shift
    if "$@" >/dev/null 2>&1; then fails "$words"; fi
    holds "$words"
}
