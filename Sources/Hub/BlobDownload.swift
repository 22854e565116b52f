/// Brings one blob into the cache: lock, resume, retry, check.
struct BlobDownload: Sendable {
    let file: RepositoryFile
    let commit: String
    let cache: RepositoryCache
    let api: HubAPI
    let disk: Disk
    let meter: ProgressMeter

    /// A try that brought at least this much was worth it: the count of failures starts again.
    private static let worthwhileBytes = 1 << 20

    /// Throws `HubError` or `CancellationError`.
    func run(_ cancellation: Cancellation) throws {
        try Disk.createFolder(cache.blobsFolder)
        try FileLock.withLock(path: cache.lockPath(file), cancellation: cancellation) {
            // Another process may have brought it while we waited for the lock.
            if cache.hasBlob(file) { return meter.add(bytes: file.size, file: file.name) }
            let partial = try PartialFile(
                of: file, at: cache.partialPath(file), disk: disk, meter: meter, cancellation: cancellation)
            do {
                try complete(partial, cancellation)
            } catch let error as HubError where error.isCorruption {
                // What is wrong may be the part of an earlier run: once more, from nothing.
                try partial.startOver()
                try completeOrRemove(partial, cancellation)
            }
        }
    }

    private func completeOrRemove(_ partial: PartialFile, _ cancellation: Cancellation) throws {
        do {
            try complete(partial, cancellation)
        } catch let error as HubError where error.isCorruption {
            partial.remove()
            throw error
        }
    }

    private func complete(_ partial: PartialFile, _ cancellation: Cancellation) throws {
        var retry = Retry(configuration: api.configuration, maximumTries: api.configuration.maximumTries)
        while partial.count < file.size {
            let before = partial.count
            do {
                try api.download(file, commit: commit, into: partial, cancellation: cancellation)
            } catch let error as HubError where error.isTransient {
                if partial.count - before >= Self.worthwhileBytes { retry.forget() }
                try retry.pause(after: error, cancellation: cancellation)
            }
        }
        try partial.finish(at: cache.blobPath(file))
    }
}
