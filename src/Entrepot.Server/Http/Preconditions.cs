using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Entrepot.Server.Http;

/// <summary>How the conditions of a request turn out.</summary>
public enum PreconditionOutcome
{
    /// <summary>Go on.</summary>
    Proceed,

    /// <summary>304: the client has it.</summary>
    NotModified,

    /// <summary>412.</summary>
    Failed,
}

/// <summary>Conditional requests in the order of RFC 9110 §13.2.2.</summary>
public static class Preconditions
{
    /// <summary>Evaluates <c>If-Match</c>, <c>If-Unmodified-Since</c>, <c>If-None-Match</c> and <c>If-Modified-Since</c>.</summary>
    /// <remarks><c>If-Modified-Since</c> holds only for the very date that was sent as <c>Last-Modified</c> (nginx's
    /// <c>if_modified_since exact</c>): a rollback brings older dates back, and who has the file that was withdrawn must not keep it.</remarks>
    public static PreconditionOutcome Evaluate(IHeaderDictionary request, ContentHeaders content)
    {
        if (request.IfMatch is { Count: > 0 } match)
        {
            if (!Lists(match, content.ETag.ToString(), weak: false))
                return PreconditionOutcome.Failed;
        }
        else if (TryReadDate(request.IfUnmodifiedSince, out var unmodified) && content.Modified > unmodified)
        {
            return PreconditionOutcome.Failed;
        }

        if (request.IfNoneMatch is { Count: > 0 } noneMatch)
            return Lists(noneMatch, content.ETag.ToString(), weak: true) ? PreconditionOutcome.NotModified : PreconditionOutcome.Proceed;
        return TryReadDate(request.IfModifiedSince, out var modified) && content.Modified == modified
            ? PreconditionOutcome.NotModified
            : PreconditionOutcome.Proceed;
    }

    /// <summary>Whether <c>If-Range</c>, if present, lets the ranges apply (RFC 9110 §13.1.5): a strong tag or the exact date.</summary>
    public static bool RangeApplies(IHeaderDictionary request, ContentHeaders content)
    {
        var condition = request.IfRange.ToString();
        if (condition.Length == 0)
            return true;
        if (condition[0] is '"' or 'W')
            return condition == content.ETag.ToString();
        return TryReadDate(condition, out var date) && content.Modified == date;
    }

    private static bool Lists(StringValues header, string tag, bool weak)
    {
        foreach (var line in header)
        {
            foreach (var part in line.AsSpan().Split(','))
            {
                var candidate = line.AsSpan()[part].Trim();
                if (weak && candidate.StartsWith("W/", StringComparison.Ordinal))
                    candidate = candidate[2..];
                if (candidate is "*" || candidate.SequenceEqual(tag))
                    return true;
            }
        }

        return false;
    }

    private static bool TryReadDate(StringValues header, out DateTimeOffset date)
        => DateTimeOffset.TryParseExact(
            header.ToString(), ["R", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out date);
}
