"""`python -m fiskaly_mockserver` does what `fiskaly-mockserver` does."""

from fiskaly_mockserver.cli import main

if __name__ == "__main__":
    main()
