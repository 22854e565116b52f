import Foundation
import OmniGen2

@testable import Server

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Speaks HTTP through a plain socket: what is sent is what a test says, byte for byte.
struct TestClient: Sendable {
    let port: Int

    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        /// The data of server-sent events, and their names.
        var events: [(name: String, data: String)] {
            text.split(separator: "\n\n").compactMap { block in
                let lines = block.split(separator: "\n")
                guard let data = lines.first(where: { $0.hasPrefix("data: ") }) else { return nil }
                let name = lines.first { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) } ?? ""
                return (name, String(data.dropFirst(6)))
            }
        }
    }

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers)
    }

    func post(_ path: String, _ document: JSONValue, _ headers: [String: String] = [:]) async throws -> Answer {
        try await send("POST", path, headers, try document.line())
    }

    func send(
        _ method: String, _ path: String, _ headers: [String: String] = [:], _ body: [UInt8] = []
    ) async throws -> Answer {
        try await exchange(Self.request(method, path, headers, body))
    }

    static func request(_ method: String, _ path: String, _ headers: [String: String], _ body: [UInt8]) -> [UInt8] {
        var lines = ["\(method) \(path) HTTP/1.1", "host: 127.0.0.1", "connection: close"]
        let given = Set(headers.keys.map { $0.lowercased() })
        if given.contains("host") { lines.removeAll { $0.hasPrefix("host:") } }
        if !given.contains("content-length"), !given.contains("transfer-encoding") {
            lines.append("content-length: \(body.count)")
        }
        if !given.contains("content-type") { lines.append("content-type: application/json") }
        lines += headers.map { "\($0): \($1)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// Sends bytes and reads until the server ends the connection.
    func exchange(_ bytes: [UInt8]) async throws -> Answer {
        try await onThread {
            let socket = try open()
            defer { close(socket) }
            try write(bytes, socket)
            return try parse(try readAll(socket))
        }
    }

    /// Sends bytes and leaves once something is true.
    func abandon(_ bytes: [UInt8], once condition: @escaping @Sendable () -> Bool) async throws {
        try await onThread {
            let socket = try open()
            try write(bytes, socket)
            for _ in 0..<2000 where !condition() { Thread.sleep(forTimeInterval: 0.01) }
            close(socket)
        }
    }

    /// Blocking calls would take the threads that the server works on.
    private func onThread<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }

    private func open() throws -> Int32 {
        #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, status == 0 else { throw POSIXError(.ECONNREFUSED) }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    private func write(_ bytes: [UInt8], _ descriptor: Int32) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // The server may have answered and closed before all of it has come.
            guard count > 0 else { return }
            sent += count
        }
    }

    private func readAll(_ descriptor: Int32) throws -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return all }
            all += buffer[..<count]
        }
    }

    private func parse(_ bytes: [UInt8]) throws -> Answer {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else {
            return Answer(status: 0, headers: [:], body: bytes)
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let headers = lines.dropFirst().compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
        }
        let named = Dictionary(headers) { $1 }
        let rest = Array(bytes[(end + 4)...])
        let body = named["transfer-encoding"] == "chunked" ? Self.unchunked(rest) : rest
        return Answer(status: status, headers: named, body: body)
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var (body, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes[...])
        while let end = rest.firstIndex(of: 13) {
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16) ?? 0
            let start = end + 2
            guard size > 0, start + size <= bytes.count else { break }
            body += bytes[start..<start + size]
            rest = bytes[min(bytes.count, start + size + 2)...]
        }
        return body
    }
}
