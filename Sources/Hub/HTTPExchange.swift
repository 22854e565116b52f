import CCurl

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Status line and headers of an answer, the last one where there were redirects.
struct HTTPResponse {
    var status = 0
    /// Names in lower case.
    var headers: [String: String] = [:]
    /// Where a redirect that was not followed leads, as a whole URL.
    var redirectURL: String?
}

/// One GET by libcurl; blocks the calling thread.
final class HTTPExchange {
    struct Request {
        var url: String
        /// Sent as a bearer token to the host of `url` only, not to one it redirects to.
        var token: String?
        /// First byte wanted.
        var offset = 0
        var followsRedirects = true
        /// For everything, from the look-up of the name to the last byte.
        var maximumSeconds: Double?
        var reach = Reach.anywhere
    }

    /// Where connections may go. It is looked at when one is made, so neither a name that resolves anew nor an odd
    /// spelling of an address or a port gets around it; what the environment says of proxies, which would resolve
    /// names themselves, is not heeded.
    enum Reach: Sendable {
        case anywhere
        case publicAddresses(ports: Set<Int>)
    }

    private let request: Request
    private let cancellation: Cancellation
    private let receive: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    private var response = HTTPResponse()
    private var failure: (any Error)?
    private var hasRefusedAddress = false

    private init(
        _ request: Request, _ cancellation: Cancellation,
        _ receive: @escaping (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) {
        self.request = request
        self.cancellation = cancellation
        self.receive = receive
    }

    /// Sends `request` and hands the body to `receive` piece by piece; what `receive` throws ends the exchange.
    /// Throws `HubError.curlUnavailable`, `.network`, `.addressRefused`, or `CancellationError`; any HTTP status is a
    /// success.
    static func perform(
        _ request: Request, cancellation: Cancellation,
        receive: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
    ) throws -> HTTPResponse {
        try cancellation.check()
        if let reason = ccurl_load() { throw HubError.curlUnavailable(reason: String(cString: reason)) }
        return try withoutActuallyEscaping(receive) { receive in
            try HTTPExchange(request, cancellation, receive).run()
        }
    }

    private func run() throws -> HTTPResponse {
        guard let handle = ccurl_easy_init() else { throw HubError.curlUnavailable(reason: "curl_easy_init failed") }
        defer { ccurl_easy_cleanup(handle) }
        let headers = try headerList()
        defer { ccurl_list_free(headers) }
        let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CCURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CCURL_ERROR_SIZE))
        defer { errorText.deallocate() }

        ccurl_set_pointer(handle, CCURL_ERRORBUFFER, errorText)
        ccurl_set_pointer(handle, CCURL_HTTPHEADER, headers)
        setOptions(handle)
        setFunctions(handle)
        try setReach(handle)
        let code = withExtendedLifetime(self) { ccurl_easy_perform(handle) }
        if let failure { throw failure }
        try cancellation.check()
        guard code == 0 else { throw error(code, errorText) }
        if !request.followsRedirects { response.redirectURL = ccurl_redirect_url(handle).map { String(cString: $0) } }
        return response
    }

    private func error(_ code: Int32, _ text: UnsafePointer<CChar>) -> HubError {
        if hasRefusedAddress { return .addressRefused(url: request.url) }
        let reason = text.pointee == 0 ? String(cString: ccurl_easy_strerror(code)) : String(cString: text)
        return .network(url: request.url, reason: reason, isTransient: Self.transientCodes.contains(code))
    }

    /// Names not resolved, no or a lost connection, time-outs, HTTP/2 and TLS streams cut short (CURLcode).
    private static let transientCodes: Set<Int32> = [5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92]

    private func headerList() throws -> UnsafeMutableRawPointer? {
        guard let token = request.token else { return nil }
        guard let list = ccurl_list_append(nil, "Authorization: Bearer \(token)") else {
            throw HubError.curlUnavailable(reason: "no memory for a header")
        }
        return list
    }

    private func setOptions(_ handle: UnsafeMutableRawPointer) {
        ccurl_set_string(handle, CCURL_URL, request.url)
        ccurl_set_string(handle, CCURL_USERAGENT, "omnigen2-swift")
        // A range, not libcurl's resume: that one fails when the server answers with the whole file.
        if request.offset > 0 { ccurl_set_string(handle, CCURL_RANGE, "\(request.offset)-") }
        let schemes = request.url.hasPrefix("https://") ? CCURL_PROTOCOL_HTTPS.rawValue : 3
        ccurl_set_long(handle, CCURL_PROTOCOLS, Int(schemes))
        ccurl_set_long(handle, CCURL_REDIR_PROTOCOLS, Int(schemes))
        ccurl_set_long(handle, CCURL_FOLLOWLOCATION, request.followsRedirects ? 1 : 0)
        ccurl_set_long(handle, CCURL_MAXREDIRS, 10)
        ccurl_set_long(handle, CCURL_CONNECTTIMEOUT, 20)
        if let seconds = request.maximumSeconds {
            // Zero would be no limit.
            ccurl_set_long(handle, CCURL_TIMEOUT_MS, max(1, Int((min(seconds, 1e6) * 1000).rounded(.up))))
        }
        // Less than a byte a second for this many seconds is a dead connection.
        ccurl_set_long(handle, CCURL_LOW_SPEED_LIMIT, 1)
        ccurl_set_long(handle, CCURL_LOW_SPEED_TIME, 30)
        ccurl_set_long(handle, CCURL_BUFFERSIZE, 512 << 10)
        // Signals for time-outs would hit other threads.
        ccurl_set_long(handle, CCURL_NOSIGNAL, 1)
    }

    /// A limit that libcurl does not take must not be passed over.
    private func setReach(_ handle: UnsafeMutableRawPointer) throws {
        guard case .publicAddresses = request.reach else { return }
        let codes = [
            ccurl_set_string(handle, CCURL_PROXY, ""),
            ccurl_set_pointer(handle, CCURL_OPENSOCKETDATA, Unmanaged.passUnretained(self).toOpaque()),
            ccurl_set_open_socket_function(handle) { context, purpose, address in
                guard let context, let address else { return -1 }
                let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
                return exchange.openSocket(purpose, address)
            },
        ]
        if let code = codes.first(where: { $0 != 0 }) {
            throw HubError.curlUnavailable(reason: String(cString: ccurl_easy_strerror(code)))
        }
    }

    private func openSocket(_ purpose: Int32, _ address: UnsafeMutablePointer<ccurl_address>) -> Int32 {
        let bytes = UnsafeRawBufferPointer(
            start: address.pointer(to: \.address), count: Int(address.pointee.length))
        guard purpose == 0, case .publicAddresses(let ports) = request.reach,
            let endpoint = SocketAddress(bytes), endpoint.address.isPublic, ports.contains(endpoint.port)
        else {
            hasRefusedAddress = true
            return -1
        }
        return socket(address.pointee.family, address.pointee.socket_type, address.pointee.protocol)
    }

    private func setFunctions(_ handle: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(handle, CCURL_WRITEDATA, context)
        ccurl_set_body_function(handle) { data, size, count, context in
            guard let data, let context else { return 0 }
            let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.receiveBody(UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : 0
        }
        ccurl_set_pointer(handle, CCURL_HEADERDATA, context)
        ccurl_set_header_function(handle) { data, size, count, context in
            guard let data, let context else { return 0 }
            let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
            exchange.receiveHeader(UnsafeRawBufferPointer(start: data, count: size * count))
            return size * count
        }
        ccurl_set_pointer(handle, CCURL_XFERINFODATA, context)
        ccurl_set_long(handle, CCURL_NOPROGRESS, 0)
        ccurl_set_progress_function(handle) { context, _, _, _, _ in
            guard let context else { return 0 }
            let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.cancellation.isCancelled ? 1 : 0
        }
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        do {
            try cancellation.check()
            try receive(response, bytes)
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace }
        if line.hasPrefix("HTTP/") {
            let status = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
            response = HTTPResponse(status: status ?? 0)
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
            response.headers[line[..<colon].lowercased()] = value.joined(separator: " ")
        }
    }
}
