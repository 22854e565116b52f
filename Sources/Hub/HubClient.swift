/// Brings repositories of the Hugging Face hub into the local cache.
package struct HubClient: Sendable {
    package let configuration: HubConfiguration
    private let disk: Disk

    package init(configuration: HubConfiguration) {
        self.init(configuration: configuration, disk: .real)
    }

    init(configuration: HubConfiguration, disk: Disk) {
        self.configuration = configuration
        self.disk = disk
    }

    /// The folder with the files of `repository` whose names `matching` accepts, after downloading those that the
    /// cache lacks. When all are there, one request asks for the commit of the revision; offline there is none.
    ///
    /// `warn` gets one line when the hub cannot be reached and the cached snapshot is used instead.
    /// Throws `HubError`, or `CancellationError` when the task is cancelled; partial downloads are kept and resumed.
    package func snapshot(
        of repository: RepositoryID,
        matching: @escaping @Sendable (String) -> Bool = { _ in true },
        progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in },
        warn: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> String {
        let cache = RepositoryCache(repository: repository, cacheFolder: configuration.cacheFolder)
        if configuration.isOffline { return try cache.existingSnapshot(matching: matching) }
        let existing = try? cache.existingSnapshot(matching: matching)
        let api = HubAPI(configuration: configuration, repository: repository)
        let tries = existing == nil ? configuration.maximumTries : 1
        let listing: RevisionListing
        do {
            listing = try await onOwnThread("hub.listing") { try api.listing(tries: tries, cancellation: $0) }
        } catch let error as HubError where error.meansNoAnswer {
            guard let existing else { throw error }
            warn("using the cached snapshot of \(repository), as the hub cannot be asked: \(error)")
            return existing
        }
        let wanted = listing.files.filter { matching($0.name) }
        if wanted.isEmpty { throw HubError.noMatchingFiles(repository: "\(repository)") }
        let missing = wanted.filter { !cache.has($0, commit: listing.commit) }
        try await download(missing, listing.commit, cache, api, progress)
        try cache.record(listing)
        return cache.snapshotFolder(listing.commit)
    }

    private func download(
        _ files: [RepositoryFile], _ commit: String, _ cache: RepositoryCache, _ api: HubAPI,
        _ progress: @escaping @Sendable (DownloadProgress) -> Void
    ) async throws {
        // Files with the same contents share one blob.
        let sharing = Dictionary(grouping: files, by: \.etag)
        let linked = sharing.values.filter { cache.hasBlob($0[0]) }
        for file in linked.joined() { try cache.link(file, commit: commit) }
        // The largest first: what is left for the end is then short.
        let groups = sharing.values.filter { !cache.hasBlob($0[0]) }.sorted { $0[0].size > $1[0].size }
        try checkFreeSpace(groups.map { $0[0] }, cache)
        let meter = ProgressMeter(
            totalBytes: groups.reduce(0) { $0 + $1[0].size }, filesTotal: groups.reduce(0) { $0 + $1.count },
            report: progress)
        try await concurrently(groups) { group in
            let blob = BlobDownload(
                file: group[0], commit: commit, cache: cache, api: api, disk: disk, meter: meter)
            try await onOwnThread("hub.download") { cancellation in
                try blob.run(cancellation)
                for file in group { try cache.link(file, commit: commit) }
            }
            meter.finish(files: group.count, file: group[0].name)
        }
    }

    private func checkFreeSpace(_ files: [RepositoryFile], _ cache: RepositoryCache) throws {
        let needed = files.reduce(0) { $0 + max(0, $1.size - (Disk.fileSize(cache.partialPath($1)) ?? 0)) }
        guard needed > 0 else { return }
        try Disk.createFolder(cache.blobsFolder)
        if let free = disk.freeBytes(cache.blobsFolder), free < needed {
            throw HubError.diskFull(folder: cache.blobsFolder, needed: needed, free: free)
        }
    }

    /// Runs `work` on all items, a bounded number at a time; the first error cancels the others.
    private func concurrently<Item: Sendable>(
        _ items: [Item], _ work: @escaping @Sendable (Item) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, item) in items.enumerated() {
                if index >= max(1, configuration.concurrentDownloads) { try await group.next() }
                group.addTask { try await work(item) }
            }
            try await group.waitForAll()
        }
    }
}
