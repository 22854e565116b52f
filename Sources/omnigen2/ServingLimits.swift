import ArgumentParser
import OmniGen2
import Server

/// What a server allows, and what it keeps.
struct ServingLimits: ParsableArguments {
    @Option(help: ArgumentHelp("Requests that may wait.", valueName: "n"))
    var maxQueue = 256

    @Option(help: ArgumentHelp("Requests of one client that may wait.", valueName: "n"))
    var maxQueuePerClient = 64

    @Option(help: ArgumentHelp("Bytes of a request, such as 64MB.", valueName: "size"))
    var maxBody = ByteCount(bytes: RequestLimits().bodyBytes)

    @Option(name: .customLong("max-picture"), help: ArgumentHelp("Pixels of a picture to draw.", valueName: "pixels"))
    var maxPixels = RequestLimits().pixels

    @Option(help: ArgumentHelp("Pictures of one request.", valueName: "n"))
    var maxCount = RequestLimits().count

    @Option(help: ArgumentHelp("Steps of a picture.", valueName: "n"))
    var maxSteps = RequestLimits().steps

    @Option(help: ArgumentHelp("Finished jobs that are kept.", valueName: "n"))
    var keepCount = Retention().count

    @Option(help: ArgumentHelp("Days that finished jobs are kept; 0 is for ever.", valueName: "days"))
    var keepDays = 30

    @Option(help: ArgumentHelp("Bytes of pictures that are kept, such as 10GB.", valueName: "size"))
    var keepSize = ByteCount(bytes: Retention().bytes)

    @Option(help: ArgumentHelp("Seconds that running work has to end in after SIGTERM.", valueName: "s"))
    var drain = 30

    func validate() throws {
        let counts = [
            ("--max-queue", maxQueue), ("--max-queue-per-client", maxQueuePerClient), ("--max-count", maxCount),
            ("--max-steps", maxSteps), ("--max-picture", maxPixels), ("--keep-count", keepCount),
        ]
        for (name, value) in counts where value < 1 { throw ValidationError("\(name) must be 1 or more, got \(value)") }
        for (name, value) in [("--keep-days", keepDays), ("--drain", drain)] where value < 0 {
            throw ValidationError("\(name) must be 0 or more, got \(value)")
        }
    }

    func apply(to configuration: inout ServerConfiguration) throws {
        configuration.queue = FairQueue.Limits(total: maxQueue, perClient: maxQueuePerClient)
        configuration.limits.bodyBytes = maxBody.bytes
        configuration.limits.pixels = maxPixels
        configuration.limits.count = maxCount
        configuration.limits.steps = maxSteps
        configuration.retention.count = keepCount
        configuration.retention.age = keepDays == 0 ? nil : Double(keepDays) * 24 * 3600
        configuration.retention.bytes = keepSize.bytes
        configuration.drainSeconds = drain
    }
}
