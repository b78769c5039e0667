from config.cli.words import main

raise SystemExit(main())
