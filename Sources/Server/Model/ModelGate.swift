import OmniGen2

/// A model that is still being loaded: whoever asks waits for it.
package actor ModelGate {
    private var result: Result<any ServedModel, CancellationError>?
    private var waiters: [CheckedContinuation<any ServedModel, any Error>] = []

    /// What comes of the loading.
    package enum Outcome: Sendable {
        case loaded(any ServedModel)
        /// The server ends, and with it all that waits: jobs of the store for the next start.
        case failed
    }

    package init() {}

    /// Whether it is loaded.
    package var isOpen: Bool { if case .success = result { true } else { false } }

    /// The model, once it is there.
    package var model: any ServedModel {
        get async throws {
            if let result { return try result.get() }
            return try await withCheckedThrowingContinuation { waiters.append($0) }
        }
    }

    /// Lets everybody in, or sends them away.
    package func open(_ outcome: Outcome) {
        let result: Result<any ServedModel, CancellationError> =
            switch outcome {
            case .loaded(let model): .success(model)
            case .failed: .failure(CancellationError())
            }
        self.result = result
        for waiter in waiters { waiter.resume(with: result) }
        waiters = []
    }
}
