using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Entrepot.Server.Push;

/// <summary>The headers of a push besides its checksums: the file's time and the conditions.</summary>
internal static class PushHeaders
{
    private const string ModifiedHeader = "X-Modified";

    private static readonly string[] HttpDates = ["R", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    private static readonly string[] Rfc3339 =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>The file's own time from <c>X-Modified</c> (RFC 3339 or HTTP date) or else <c>Last-Modified</c>.</summary>
    public static DateTimeOffset? ReadModified(IHeaderDictionary headers, ImmutableArray<Fault>.Builder faults)
    {
        foreach (var name in new[] { ModifiedHeader, "Last-Modified" })
        {
            if (headers[name] is not { Count: > 0 } values)
                continue;
            if (TryReadTime(values.ToString(), out var time))
                return time;
            faults.Add(Fault.Of(
                PushFault.Modified, FaultKind.Invalid, $"{name}: '{values}' is not a time.",
                "Send for example '2026-01-31T12:00:00Z' or 'Sat, 31 Jan 2026 12:00:00 GMT'."));
            return null;
        }

        return null;
    }

    /// <summary><c>If-Match</c> and <c>If-None-Match: *</c> (RFC 9110 §13.1). A condition that can't be judged is refused: going on
    /// as if it held would be worse.</summary>
    public static StatedCondition? ReadCondition(IHeaderDictionary headers, ImmutableArray<Fault>.Builder faults)
    {
        if (headers.IfUnmodifiedSince.Count > 0 || headers.IfModifiedSince.Count > 0)
            faults.Add(Refuse("Conditions by time are not judged on a push.", "Use If-Match with the digest, or If-None-Match: *."));
        var (match, noneMatch) = (headers.IfMatch, headers.IfNoneMatch);
        if (match.Count > 0 && noneMatch.Count > 0)
        {
            faults.Add(Refuse("If-Match and If-None-Match contradict each other on a push.", "Send one of them."));
            return null;
        }

        if (noneMatch.Count > 0)
        {
            if (noneMatch.ToString().Trim() == "*")
                return new StatedCondition(false, []);
            faults.Add(Refuse($"If-None-Match: '{noneMatch}' is not judged on a push.", "Use If-None-Match: *, which holds when there is no file yet."));
            return null;
        }

        return match.Count == 0 ? null : ReadMatch(match, faults);
    }

    private static StatedCondition? ReadMatch(StringValues match, ImmutableArray<Fault>.Builder faults)
    {
        if (match.ToString().Trim() == "*")
            return new StatedCondition(true, []);
        var digests = ImmutableArray.CreateBuilder<Sha256Digest>();
        foreach (var part in match.ToString().Split(','))
        {
            // A weak tag never matches here (RFC 9110 §8.8.3.2), and neither does one that this server did not make.
            var tag = part.Trim();
            if (tag.Length > 2 && tag[0] == '"' && tag[^1] == '"' && Sha256Digest.TryParse(tag[1..^1], out var digest))
                digests.Add(digest);
        }

        if (digests.Count > 0)
            return new StatedCondition(true, digests.ToImmutable());
        faults.Add(Refuse($"If-Match: '{match}' names no entity tag of this server.", "Use the ETag of the file, such as \"sha256:…\"."));
        return null;
    }

    private static bool TryReadTime(string text, out DateTimeOffset time)
        => DateTimeOffset.TryParseExact(
                text.Trim(), HttpDates, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out time)
            || DateTimeOffset.TryParseExact(text.Trim(), Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    private static Fault Refuse(string message, string cure) => Fault.Of(PushFault.Condition, FaultKind.Invalid, message, cure);
}
