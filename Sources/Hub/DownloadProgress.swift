import Synchronization

/// How far a snapshot's download is. Counts only what was not in the cache at the start.
package struct DownloadProgress: Sendable, Equatable {
    /// Bytes on disk, those of an earlier interrupted run included.
    package var completedBytes: Int
    package var totalBytes: Int
    /// The file that moved last, as the repository names it.
    package var file: String
    package var filesDone: Int
    package var filesTotal: Int

    package init(completedBytes: Int, totalBytes: Int, file: String, filesDone: Int, filesTotal: Int) {
        self.completedBytes = completedBytes
        self.totalBytes = totalBytes
        self.file = file
        self.filesDone = filesDone
        self.filesTotal = filesTotal
    }
}

/// Adds up the progress of concurrent downloads and reports at most ten times a second, besides the end of each file.
final class ProgressMeter: Sendable {
    private struct State {
        var progress: DownloadProgress
        var lastReport: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let report: @Sendable (DownloadProgress) -> Void

    init(totalBytes: Int, filesTotal: Int, report: @escaping @Sendable (DownloadProgress) -> Void) {
        let start = DownloadProgress(
            completedBytes: 0, totalBytes: totalBytes, file: "", filesDone: 0, filesTotal: filesTotal)
        state = Mutex(State(progress: start))
        self.report = report
    }

    var remainingBytes: Int {
        state.withLock { $0.progress.totalBytes - $0.progress.completedBytes }
    }

    /// `bytes` is negative when a file starts over.
    func add(bytes: Int, file: String) {
        update(file: file, isDue: false) { $0.completedBytes += bytes }
    }

    func finish(files: Int, file: String) {
        update(file: file, isDue: true) { $0.filesDone += files }
    }

    // The report is made under the lock so that reports arrive in order.
    private func update(file: String, isDue: Bool, _ change: (inout DownloadProgress) -> Void) {
        state.withLock { state in
            change(&state.progress)
            state.progress.file = file
            let now = ContinuousClock.now
            if let last = state.lastReport, !isDue, now - last < .milliseconds(100) { return }
            state.lastReport = now
            report(state.progress)
        }
    }
}
