using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Entrepot.Server.Http;

/// <summary>What a download or push address names, read from the request target as it was sent. The server's own normalised path is
/// not used: a target with dot segments or encoded slashes is refused, not repaired (RFC 3986 §6.2.2.3 leaves that to us).</summary>
/// <param name="Mirror">The first segment; null for the root.</param>
/// <param name="Path">What follows; null for the mirror's root folder.</param>
/// <param name="IsFolder">True when the target ends in a slash.</param>
public readonly record struct RequestTarget(MirrorName? Mirror, ContentPath? Path, bool IsFolder)
{
    /// <summary>Reads the target of a request.</summary>
    public static bool TryParse(HttpContext context, out RequestTarget target, [NotNullWhen(false)] out Fault? fault)
        => TryParse(RawPath(context), out target, out fault);

    /// <summary>Reads a percent-encoded path such as <c>/images/24.04/disk.img</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> rawPath, out RequestTarget target, [NotNullWhen(false)] out Fault? fault)
    {
        target = default;
        if (rawPath.IsEmpty || rawPath[0] != '/')
        {
            fault = Fault.Of(HttpFault.Target, FaultKind.Invalid, "The request target is not a path.", "Send a path that starts with '/'.");
            return false;
        }

        fault = null;
        var rest = rawPath[1..];
        if (rest.IsEmpty)
        {
            target = new RequestTarget(null, null, true);
            return true;
        }

        var slash = rest.IndexOf('/');
        var first = slash < 0 ? rest : rest[..slash];
        if (!TryReadMirror(first, out var mirror, out fault))
            return false;
        var tail = slash < 0 ? default : rest[(slash + 1)..];
        var isFolder = tail.IsEmpty ? slash >= 0 : tail[^1] == '/';
        if (isFolder && !tail.IsEmpty)
            tail = tail[..^1];
        if (tail.IsEmpty && slash >= 0 && rest.Length > slash + 1)
        {
            fault = Fault.Of(IdentityFault.PathEmptySegment, FaultKind.Invalid, "The path has an empty segment.", "Remove the extra '/'.");
            return false;
        }

        if (tail.IsEmpty)
        {
            target = new RequestTarget(mirror, null, isFolder);
            return true;
        }

        if (!ContentPath.TryParseEncoded(tail, out var path, out fault))
            return false;
        target = new RequestTarget(mirror, path, isFolder);
        return true;
    }

    /// <summary>Checks any path: dot segments, empty segments, encoded slashes, control characters and bytes that are not UTF-8 are refused.</summary>
    public static Fault? Check(ReadOnlySpan<char> rawPath)
    {
        if (rawPath.IsEmpty || rawPath[0] != '/')
            return Fault.Of(HttpFault.Target, FaultKind.Invalid, "The request target is not a path.", "Send a path that starts with '/'.");
        if (rawPath.Length == 1)
            return null;
        var inner = rawPath[1..];
        if (inner[^1] == '/')
            inner = inner[..^1];
        return ContentPath.TryParseEncoded(inner, out _, out var fault) ? null : fault;
    }

    /// <summary>The path part of the target as it was sent, without query; absolute-form is cut to its path (RFC 9112 §3.2.2).</summary>
    public static ReadOnlySpan<char> RawPath(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        if (!raw.IsEmpty && raw[0] != '/')
        {
            var authority = raw.IndexOf("://", StringComparison.Ordinal);
            if (authority > 0)
            {
                raw = raw[(authority + 3)..];
                var path = raw.IndexOf('/');
                raw = path < 0 ? "/" : raw[path..];
            }
        }

        var query = raw.IndexOf('?');
        return query < 0 ? raw : raw[..query];
    }

    private static bool TryReadMirror(ReadOnlySpan<char> segment, out MirrorName mirror, [NotNullWhen(false)] out Fault? fault)
    {
        mirror = default;
        if (!ContentPath.TryParseEncoded(segment, out var decoded, out fault))
            return false;
        return MirrorName.TryParse(decoded.Value, out mirror, out fault);
    }
}
