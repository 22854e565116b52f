import OmniGen2

/// A model that is still being loaded: whoever asks waits for it.
package actor ModelGate {
    private var result: Result<any ServedModel, any Error>?
    private var waiters: [CheckedContinuation<any ServedModel, any Error>] = []

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

    /// Lets everybody in, or tells them why not.
    package func open(_ result: Result<any ServedModel, any Error>) {
        self.result = result
        for waiter in waiters { waiter.resume(with: result) }
        waiters = []
    }
}
