import CHashing

/// The digest of bytes under a hash function, which the system's library computes.
package struct Digest: Sendable, Equatable {
    private let bytes: [UInt8]

    /// - Parameter content: what is hashed, in whole; see `DigestState` for pieces.
    package init(_ function: HashFunction, of content: UnsafeRawBufferPointer) {
        var state = DigestState(function)
        state.update(content)
        self = state.digest
    }

    /// - Parameter content: what is hashed, in whole.
    package init(_ function: HashFunction, of content: [UInt8]) {
        self = content.withUnsafeBytes { Digest(function, of: $0) }
    }

    fileprivate init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// In lower case.
    package var hexadecimal: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// How long it takes does not depend on where the two differ.
    package static func == (a: Digest, b: Digest) -> Bool {
        a.bytes.count == b.bytes.count && chashing_equal(a.bytes, b.bytes, a.bytes.count)
    }
}

/// A digest in the making.
package struct DigestState: Sendable {
    private var state = chashing_state()

    package init(_ function: HashFunction) {
        chashing_begin(&state, function == .sha1 ? CHASHING_SHA1 : CHASHING_SHA256)
    }

    /// Goes on with the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        chashing_update(&state, bytes.baseAddress, bytes.count)
    }

    /// Of all bytes so far.
    package var digest: Digest {
        var last = state
        return Digest(
            Array(unsafeUninitializedCapacity: 32) { buffer, count in count = chashing_end(&last, buffer.baseAddress) })
    }
}

/// A hash function.
package enum HashFunction: Sendable {
    /// For git's object ids, and nothing that must be safe.
    case sha1
    case sha256
}
