"""`python -m steplog`: the command where its script is not on the path."""

from steplog._cli.main import main

if __name__ == "__main__":
    main()
