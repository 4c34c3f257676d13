using Entrepot.Trust.Urls;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Access;

/// <summary>Reads the signature of an address: <c>?expires=…&amp;key=…&amp;signature=…</c>.</summary>
internal static class SignedAddress
{
    /// <summary>True when the address states a signature, good or not.</summary>
    public static bool IsStated(HttpRequest request) => request.QueryString.HasValue && request.Query.ContainsKey("signature");

    /// <summary>True when the request's address is signed for a path and a digest by one of the keys, and its time is not over.</summary>
    public static bool IsGood(HttpContext context, IReadOnlyList<UrlKey> keys, string path, string digest, DateTimeOffset now)
    {
        if (!IsStated(context.Request))
            return false;
        var query = context.Request.Query;
        return UrlKey.IsSigned(keys, path, digest, (One("expires"), One("key"), One("signature")), now);

        string? One(string name) => query[name] is { Count: 1 } values ? values[0] : null;
    }
}
