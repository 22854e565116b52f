import Testing

@testable import Hub

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct InternetAddressTests {
    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17",
        "2001:200::1", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00::1", "3ffe::1", "2003::",
        "::ffff:8.8.8.8", "::FFFF:808:808", "64:ff9b::8.8.8.8",
    ])
    func addressesOfTheInternetArePublic(text: String) throws {
        #expect(try #require(InternetAddress(text)).isPublic)
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "168.63.129.16", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.8",
        "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    ])
    func specialAddressesOfVersion4AreNotPublicAndNotInVersion6Either(text: String) throws {
        #expect(try #require(InternetAddress(text)).isPublic == false)
        for prefix in ["::ffff:", "::", "64:ff9b::", "0:0:0:0:0:FFFF:"] {
            #expect(try #require(InternetAddress(prefix + text)).isPublic == false)
        }
        let bytes = try #require(InternetAddress(text)).bytes
        let groups = [bytes[..<2], bytes[2...]].map { pair in hexadecimal(pair) }.joined(separator: ":")
        let inverted = [bytes[..<2], bytes[2...]].map { hexadecimal($0.map { ~$0 }) }.joined(separator: ":")
        for address in ["2002:\(groups)::1", "2001:0:102:304:0:0:\(inverted)", "::ffff:\(groups)"] {
            #expect(try #require(InternetAddress(address)).isPublic == false)
        }
    }

    @Test(arguments: [
        "::", "::1", "0:0:0:0:0:0:0:1", "::8.8.8.8", "100::1", "64:ff9b:1::1", "fc00::1", "fd12:3456::1", "fe80::1",
        "febf::1", "fec0::1", "ff02::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1",
        "2001:db8::1", "2001:DB8:ffff::", "3fff::1", "3fff:fff::1", "2002:808:808::1", "4000::1", "5f00::1",
        "::ffff:0:8.8.8.8",
    ])
    func specialAddressesOfVersion6AreNotPublic(text: String) throws {
        #expect(try #require(InternetAddress(text)).isPublic == false)
    }

    @Test(arguments: [
        "", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1", "127.0.0.01", "127.0.0.1.",
        "127.0.0.1 ", " 127.0.0.1", "1.2.3", "1.2.3.256", "1.2.3.4.5", "[::1]", "::1%lo", "fe80::1%eth0", ":::",
        "1::2::3", "12345::", "::1\u{0}", "127.0.0.1\u{0}.8", "１.1.1.1", "1。1.1.1",
    ])
    func oddSpellingsAreNoAddresses(text: String) {
        #expect(InternetAddress(text) == nil)
    }

    @Test func addressesOfSocketsAreRead() throws {
        var address4 = sockaddr_in()
        address4.sin_family = sa_family_t(AF_INET)
        address4.sin_port = UInt16(443).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address4.sin_addr)
        let read4 = try #require(withUnsafeBytes(of: address4) { SocketAddress($0) })
        #expect(read4.address == InternetAddress("127.0.0.1") && read4.port == 443)

        var address6 = sockaddr_in6()
        address6.sin6_family = sa_family_t(AF_INET6)
        address6.sin6_port = UInt16(8080).bigEndian
        inet_pton(AF_INET6, "2606:4700::1111", &address6.sin6_addr)
        let read6 = try #require(withUnsafeBytes(of: address6) { SocketAddress($0) })
        #expect(read6.address == InternetAddress("2606:4700::1111") && read6.port == 8080)

        #expect(withUnsafeBytes(of: address6) { SocketAddress(.init(rebasing: $0[..<20])) } == nil)
        #expect(withUnsafeBytes(of: address4) { SocketAddress(.init(rebasing: $0[..<7])) } == nil)
        var local = sockaddr()
        local.sa_family = sa_family_t(AF_UNIX)
        #expect(withUnsafeBytes(of: local) { SocketAddress($0) } == nil)
    }
}
