#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An IPv4 or IPv6 address, of 4 or 16 bytes.
package struct InternetAddress: Sendable, Equatable {
    let bytes: [UInt8]

    fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

    /// Takes four decimal numbers, or IPv6 in any of its spellings. Everything else is nil: numbers in octal, fewer
    /// than four, a zone, brackets.
    package init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        let isVersion6 = text.utf8.contains(UInt8(ascii: ":"))
        var bytes = [UInt8](repeating: 0, count: isVersion6 ? 16 : 4)
        guard inet_pton(isVersion6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        self.bytes = bytes
    }

    /// Whether the address belongs to the internet at large: not to this machine, its networks, a group of machines,
    /// documentation, or a mechanism that carries IPv4 inside IPv6 to one of those.
    package var isPublic: Bool {
        if bytes.count == 4 { return !Self.notPublic4.contains { $0.contains(bytes) } }
        // Where the address holds one of IPv4 that packets go to in the end, that one counts.
        if Self.holders4.contains(where: { $0.contains(bytes) }) {
            return InternetAddress(bytes: Array(bytes[12...])).isPublic
        }
        return Self.global6.contains(bytes) && !Self.notPublic6.contains { $0.contains(bytes) }
    }

    /// IANA's special-purpose registry (RFC 6890), and multicast.
    private static let notPublic4: [AddressBlock] = [
        AddressBlock([0], bits: 8),  // this network, unspecified
        AddressBlock([10], bits: 8),  // private
        AddressBlock([100, 64], bits: 10),  // between providers and their customers
        AddressBlock([127], bits: 8),  // loopback
        AddressBlock([168, 63, 129, 16], bits: 32),  // a cloud's own service, in a block of public addresses
        AddressBlock([169, 254], bits: 16),  // link-local, clouds' metadata among it
        AddressBlock([172, 16], bits: 12),  // private
        AddressBlock([192, 0, 0], bits: 24),  // protocols
        AddressBlock([192, 0, 2], bits: 24),  // documentation
        AddressBlock([192, 88, 99], bits: 24),  // 6to4 relays, retired
        AddressBlock([192, 168], bits: 16),  // private
        AddressBlock([198, 18], bits: 15),  // benchmarks
        AddressBlock([198, 51, 100], bits: 24),  // documentation
        AddressBlock([203, 0, 113], bits: 24),  // documentation
        AddressBlock([224], bits: 4),  // multicast
        AddressBlock([240], bits: 4),  // reserved, broadcast
    ]

    /// The only block that global addresses are given from; outside lie loopback, unspecified, IPv4-compatible,
    /// local, link-local, site-local and multicast ones.
    private static let global6 = AddressBlock([0x20], bits: 3)

    /// What is special inside `global6`.
    private static let notPublic6: [AddressBlock] = [
        AddressBlock([0x20, 0x01, 0x00], bits: 23),  // protocols: Teredo, benchmarks, hashes as addresses
        AddressBlock([0x20, 0x01, 0x0D, 0xB8], bits: 32),  // documentation
        AddressBlock([0x20, 0x02], bits: 16),  // 6to4, retired: holds any address of IPv4
        AddressBlock([0x3F, 0xFF, 0x00], bits: 20),  // documentation
    ]

    /// Blocks whose last four bytes are an address of IPv4.
    private static let holders4: [AddressBlock] = [
        AddressBlock([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], bits: 96),  // IPv4-mapped
        AddressBlock([0x00, 0x64, 0xFF, 0x9B], bits: 96),  // NAT64
    ]
}

/// Addresses that begin with the same bits.
struct AddressBlock: Sendable {
    private let prefix: [UInt8]
    private let bits: Int

    /// Bytes that `prefix` lacks are zero.
    init(_ prefix: [UInt8], bits: Int) {
        self.prefix = prefix + Array(repeating: 0, count: max(0, (bits + 7) / 8 - prefix.count))
        self.bits = bits
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count * 8 >= bits else { return false }
        let whole = bits / 8
        guard address[..<whole] == prefix[..<whole] else { return false }
        let rest = bits % 8
        return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0
    }
}

/// What a socket is connected to, as the system writes it.
struct SocketAddress: Sendable {
    let address: InternetAddress
    let port: Int

    /// Takes the bytes of a `sockaddr_in` or `sockaddr_in6`; nil for any other.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sockaddr>.size else { return nil }
        let place: Range<Int>
        switch Int32(bytes.loadUnaligned(as: sockaddr.self).sa_family) {
        case AF_INET: place = 4..<8
        case AF_INET6: place = 8..<24
        default: return nil
        }
        guard bytes.count >= place.upperBound else { return nil }
        address = InternetAddress(bytes: Array(bytes[place]))
        // Both have the port behind the family, the greater byte first.
        port = Int(bytes[2]) << 8 | Int(bytes[3])
    }
}
