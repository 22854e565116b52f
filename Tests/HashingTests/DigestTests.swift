import Testing

@testable import Hashing

@Suite struct DigestTests {
    /// FIPS 180-4's examples, and the empty message.
    @Test(arguments: [
        (HashFunction.sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func publishedDigestsComeOut(function: HashFunction, message: String, hexadecimal: String) {
        #expect(Digest(function, of: Array(message.utf8)).hexadecimal == hexadecimal)
    }

    @Test(arguments: [HashFunction.sha1, .sha256])
    func piecesAreHashedAsTheWhole(function: HashFunction) {
        let message = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var state = DigestState(function)
        var start = 0
        for length in [0, 1, 63, 64, 65, 0, 807] {
            message[start..<start + length].withUnsafeBytes { state.update($0) }
            start += length
            #expect(state.digest == Digest(function, of: Array(message[..<start])))
        }
        #expect(start == message.count)
    }

    @Test func oneBitMakesAnotherDigest() {
        let digest = Digest(.sha256, of: [0])
        #expect(digest == Digest(.sha256, of: [0]))
        #expect(digest != Digest(.sha256, of: [1]))
        #expect(digest != Digest(.sha1, of: [0]))
    }
}
