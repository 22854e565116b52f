/// The server.
extension HelpTests {
    static let serve = """
        OVERVIEW: Serve a model over HTTP: OpenAI's interface, jobs, and a web page.

        The page is at http://127.0.0.1:8080. OpenAI's clients use
        http://127.0.0.1:8080/v1. Docs/Server.md has every path, setting and limit.
        SIGTERM ends it when the running work has ended.

        USAGE: omnigen2 serve <options>

        \(model)

        SERVER:
          --host <address>        Address to listen on. (default: 127.0.0.1)
          --port <port>           Port to listen on; 0 takes a free one. (default: 8080)
          --served-name <name>    Name under which clients see the model. (default:
                                  that of its folder or repository)
          --data <dir>            Folder of the job store: jobs and their pictures
                                  outlive the process. (default: in memory)
          --key-file <file>       File of keys, one a line, 'name:key' or the key
                                  alone. Without keys everybody who can reach the
                                  server may use it.
          --no-key                Listen beyond this machine without a key.
          --cors <origin>         Origin whose pages may call the server, or *; may be
                                  repeated.
          --allow-image-urls      Fetch pictures that requests name by http addresses,
                                  from public addresses only.
          --lora-folder <dir>     Folder of LoRA files that requests may name.
          --preset <name>         Settings where a request has none: fast or quality.
          --log-level <level>     Log level: trace, debug, info, warning or error.
                                  (default: info)

        LIMITS:
          --max-queue <n>         Requests that may wait. (default: 256)
          --max-queue-per-client <n>
                                  Requests of one client that may wait. (default: 64)
          --max-body <size>       Bytes of a request, such as 64MB. (default: 64MiB)
          --max-picture <pixels>  Pixels of a picture to draw. (default: 4194304)
          --max-count <n>         Pictures of one request. (default: 4)
          --max-steps <n>         Steps of a picture. (default: 200)
          --keep-count <n>        Finished jobs that are kept. (default: 10000)
          --keep-days <days>      Days that finished jobs are kept; 0 is for ever.
                                  (default: 30)
          --keep-size <size>      Bytes of pictures that are kept, such as 10GB.
                                  (default: 10GiB)
          --drain <s>             Seconds that running work has to end in after
                                  SIGTERM. (default: 30)

        \(run)

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.
        """
}
