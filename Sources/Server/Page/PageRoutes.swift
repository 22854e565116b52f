import CWebPage
import HTTPTypes
import Hummingbird
import NIOCore

/// The web page, which is part of the program.
struct PageRoutes {
    /// Nothing of the page comes from elsewhere, and nothing else may frame it.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        + "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

    func add(to router: Router<ServerContext>) {
        var count = 0
        for file in UnsafeBufferPointer(start: web_page_files(&count), count: count) {
            let path = String(cString: file.path)
            let mediaType = String(cString: file.media_type)
            let bytes = ByteBuffer(bytes: UnsafeBufferPointer(start: file.bytes, count: file.count))
            var headers: HTTPFields = [
                .contentType: mediaType, .contentSecurityPolicy: Self.policy, .xContentTypeOptions: "nosniff",
                .cacheControl: "no-cache",
            ]
            headers.set("referrer-policy", "no-referrer")
            router.get(RouterPath(path)) { [headers] _, _ in
                Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
            }
        }
    }
}
