import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A small HTTP/1.1 server on a free port of 127.0.0.1: GET only, one request a connection.
final class LocalServer: Sendable {
    struct Request: Sendable {
        /// With the query.
        let path: String
        /// Names in lower case.
        let headers: [String: String]
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// Bytes of the body after which the connection is cut; the Content-Length promises all.
        var cutAfter: Int?
        /// Seconds between pieces of 1000 bytes.
        var pause: Double?
    }

    let port: UInt16
    private let socketDescriptor: Int32
    private let received = Mutex<[Request]>([])
    private let isStopped = Atomic(false)
    private let answer: @Sendable (Request) -> Reply

    var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far.
    var requests: [Request] { received.withLock { $0 } }

    init(answer: @escaping @Sendable (Request) -> Reply) throws {
        self.answer = answer
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | listen(descriptor, 64) | getsockname(descriptor, address, &length)
            }
        }
        guard status == 0 else { throw ServerError(reason: String(cString: strerror(errno))) }
        socketDescriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        DispatchQueue(label: "server").async { self.acceptConnections() }
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func acceptConnections() {
        while !isStopped.load(ordering: .relaxed) {
            var waiting = pollfd(fd: socketDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 20) > 0 else { continue }
            let connection = accept(socketDescriptor, nil, nil)
            guard connection >= 0 else { continue }
            DispatchQueue(label: "connection").async {
                self.serve(connection)
                close(connection)
            }
        }
        close(socketDescriptor)
    }

    private func serve(_ connection: Int32) {
        guard let request = Self.readRequest(connection) else { return }
        received.withLock { $0.append(request) }
        let reply = answer(request)
        var head = "HTTP/1.1 \(reply.status) Whatever\r\nContent-Length: \(reply.body.count)\r\nConnection: close\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        let body = reply.body.prefix(reply.cutAfter ?? .max)
        guard Self.send(connection, Array((head + "\r\n").utf8)) else { return }
        guard let pause = reply.pause else {
            _ = Self.send(connection, Array(body))
            return
        }
        for start in stride(from: 0, to: body.count, by: 1000) where !isStopped.load(ordering: .relaxed) {
            guard Self.send(connection, Array(body[start..<min(start + 1000, body.count)])) else { return }
            usleep(UInt32(pause * 1_000_000))
        }
    }

    private static func readRequest(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            bytes += piece[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(colon, offsetBy: 2)...])
        }
        return Request(path: String(words[1]), headers: headers)
    }

    private static func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            #if canImport(Glibc)
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
            #else
                let count = bytes[sent...].withUnsafeBytes { Darwin.send(connection, $0.baseAddress, $0.count, 0) }
            #endif
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

struct ServerError: Error { let reason: String }
