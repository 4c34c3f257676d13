using System.Globalization;

namespace Entrepot.Server.Http;

/// <summary>One satisfiable range, resolved against the content.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Number of bytes, at least 1.</param>
public readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>Last byte, inclusive, as <c>Content-Range</c> has it.</summary>
    public long Last => Offset + Length - 1;
}

/// <summary>How a <c>Range</c> header resolves.</summary>
public enum RangeOutcome
{
    /// <summary>Absent, malformed, another unit or unreasonable: answer with the whole (RFC 9110 §14.2).</summary>
    Whole,

    /// <summary>At least one range can be answered.</summary>
    Partial,

    /// <summary>Well formed, but nothing overlaps: 416.</summary>
    Unsatisfiable,
}

/// <summary>Byte ranges of RFC 9110 §14.1.2.</summary>
public static class ByteRanges
{
    /// <summary>Most ranges in one request. RFC 9110 §17.15 allows to ignore an egregious set; aria2 asks for one, browsers for a few.</summary>
    public const int MaxRanges = 16;

    /// <summary>Resolves a header value against content of the given size.</summary>
    /// <param name="header">The field value, or null.</param>
    /// <param name="size">Size of the content in bytes.</param>
    /// <param name="ranges">The ranges to answer, overlapping and touching neighbours joined.</param>
    public static RangeOutcome Resolve(ReadOnlySpan<char> header, long size, out List<ByteRange> ranges)
    {
        ranges = [];
        const string unit = "bytes=";
        if (!header.StartsWith(unit, StringComparison.OrdinalIgnoreCase))
            return RangeOutcome.Whole;
        var specified = 0;
        foreach (var part in header[unit.Length..].Split(','))
        {
            var text = header[unit.Length..][part].Trim(" \t");
            if (text.IsEmpty)
                continue;  // RFC 9110 §5.6.1.2: empty list elements are ignored
            if (++specified > MaxRanges || !TryReadOne(text, size, out var range))
            {
                ranges.Clear();
                return RangeOutcome.Whole;
            }

            if (range is { } satisfiable)
                Join(ranges, satisfiable);
        }

        if (specified == 0)
            return RangeOutcome.Whole;
        return ranges.Count == 0 ? RangeOutcome.Unsatisfiable : RangeOutcome.Partial;
    }

    private static void Join(List<ByteRange> ranges, ByteRange next)
    {
        for (var i = ranges.Count - 1; i >= 0; i--)
        {
            var known = ranges[i];
            if (next.Offset > known.Offset + known.Length || known.Offset > next.Offset + next.Length)
                continue;
            var offset = Math.Min(known.Offset, next.Offset);
            next = new ByteRange(offset, Math.Max(known.Offset + known.Length, next.Offset + next.Length) - offset);
            ranges.RemoveAt(i);
        }

        ranges.Add(next);
    }

    private static bool TryReadOne(ReadOnlySpan<char> text, long size, out ByteRange? range)
    {
        range = null;
        var dash = text.IndexOf('-');
        if (dash < 0)
            return false;
        var firstText = text[..dash];
        var lastText = text[(dash + 1)..];
        if (firstText.IsEmpty)
        {
            if (!TryReadNumber(lastText, out var suffix))
                return false;
            if (suffix > 0 && size > 0)
                range = new ByteRange(Math.Max(0, size - suffix), Math.Min(suffix, size));
            return true;
        }

        if (!TryReadNumber(firstText, out var first))
            return false;
        var last = long.MaxValue;
        if (!lastText.IsEmpty && (!TryReadNumber(lastText, out last) || last < first))
            return false;
        if (first < size)
            range = new ByteRange(first, Math.Min(last, size - 1) - first + 1);
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
            return false;
        // More digits than a long holds: beyond any content, which is what the number means.
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value))
            value = long.MaxValue;
        return true;
    }
}
