using System.Globalization;

namespace Entrepot.Core.Documents;

/// <summary>Sizes in bytes as people write them: <c>10GiB</c>, <c>1.5MB</c>, <c>4096</c>. Binary and decimal units are kept apart
/// (IEC 80000-13), in any case.</summary>
public static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("PiB", 1L << 50), ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("PB", 1_000_000_000_000_000), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ];

    /// <summary>Reads a size. A fraction is allowed with a unit when it comes to whole bytes, or is cut to them.</summary>
    /// <returns>False when the text is no size, or one of 8 EiB or more.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var trimmed = text.AsSpan().Trim();
        var digits = trimmed.IndexOfAnyExceptInRange('0', '9') is var end && end < 0 ? trimmed.Length : end;
        if (digits < trimmed.Length && trimmed[digits] == '.')
        {
            var rest = trimmed[(digits + 1)..];
            var fraction = rest.IndexOfAnyExceptInRange('0', '9') is var stop && stop < 0 ? rest.Length : stop;
            if (fraction == 0)
                return false;
            digits += 1 + fraction;
        }

        if (digits is 0 or > 25 || trimmed[0] == '.' || !decimal.TryParse(trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return false;
        var unit = trimmed[digits..].Trim();
        if (!TryUnit(unit, out var factor) || (unit.IsEmpty && number != decimal.Truncate(number)))
            return false;
        if (number > (decimal)long.MaxValue / factor)
            return false;
        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>The exact form that <see cref="TryParse"/> reads back: the largest binary unit that divides it.</summary>
    public static string Format(long bytes)
    {
        foreach (var (unit, factor) in Units)
        {
            if (unit is [_, 'i', 'B'] && bytes >= factor && bytes % factor == 0)
                return $"{bytes / factor}{unit}";
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes}B");
    }

    /// <summary>A rounded form for tables: <c>1.4 GiB</c>.</summary>
    public static string Humanize(double bytes)
    {
        foreach (var (unit, factor) in Units)
        {
            if (unit is [_, 'i', 'B'] && Math.Abs(bytes) >= factor)
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / factor:0.0} {unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B");
    }

    private static bool TryUnit(ReadOnlySpan<char> text, out long factor)
    {
        factor = 1;
        if (text.IsEmpty)
            return true;
        foreach (var (unit, bytes) in Units)
        {
            if (text.Equals(unit, StringComparison.OrdinalIgnoreCase))
            {
                factor = bytes;
                return true;
            }
        }

        return false;
    }
}
