import Testing

@testable import Server

@Suite struct APIKeysTests {
    private static let first = "0123456789abcdef"
    private static let second = "fedcba9876543210"

    private static func failure(_ contents: String) -> String {
        do {
            return "no failure: \(try APIKeys(contents: contents, file: "keys"))"
        } catch {
            return "\(error)"
        }
    }

    @Test func aFileHasAKeyInEachLine() throws {
        let (first, second) = (Self.first, Self.second)
        let contents = "\u{FEFF}# who may draw\r\n\r\nanna:\(first)\r\n  \(second)  \r\nbob:a:b:\(first)\n"
        let keys = try APIKeys(contents: contents, file: "keys")
        #expect(keys.client(for: Self.first) == "anna")
        #expect(keys.client(for: Self.second) == "key-4")
        #expect(keys.client(for: "a:b:" + Self.first) == "bob")
    }

    @Test func whatIsNotWholeAKeyIsNobodys() throws {
        let keys = try APIKeys(["anna:" + Self.first, Self.second])
        let first = Self.first
        for other in ["", "anna", "anna:" + first, first + "0", String(first.dropLast()), " " + first] {
            #expect(keys.client(for: other) == nil)
        }
        #expect(keys.client(for: Self.second) == "key-2")
    }

    @Test func aClientMayHaveTwoKeysWhileItChangesThem() throws {
        let keys = try APIKeys(["anna:" + Self.first, "anna:" + Self.second])
        #expect([Self.first, Self.second].map { keys.client(for: $0) } == ["anna", "anna"])
    }

    @Test func noKeysAreNoError() throws {
        #expect(try APIKeys(contents: "# none\n", file: "keys").isEmpty)
        #expect(try APIKeys([]).client(for: "") == nil)
    }

    @Test func errorsNameTheLineAndNeverTheKey() {
        let secret = "s3cret"
        for (line, words) in [
            (secret, "keys, line 2: expected a key of 16 to 1024 characters, got 6"),
            ("anna:" + secret, "got 6"),
            ("\(secret) \(secret) \(secret)", "visible ASCII"),
            ("\(secret)é\(secret)\(secret)", "visible ASCII"),
            ("\(secret) x:\(secret)\(secret)\(secret)", "client's name"),
            (":\(secret)\(secret)\(secret)", "client's name"),
        ] {
            let failure = Self.failure("# first\n" + line)
            #expect(failure.contains(words) && failure.contains("line 2") && !failure.contains(secret), "\(failure)")
        }
        let twice = Self.failure("a:\(Self.first)\n\nb:\(Self.first)")
        #expect(twice == "keys, line 3: the same key as keys, line 1")
        #expect(throws: APIKeysError.repeated(place: "key 2", firstPlace: "key 1")) {
            try APIKeys([Self.first, Self.first])
        }
    }

    @Test func theKeysThemselvesAreNotKept() throws {
        #expect(!"\(try APIKeys(["anna:" + Self.first]))".contains(Self.first))
    }
}
