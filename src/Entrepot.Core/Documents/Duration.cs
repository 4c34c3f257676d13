using System.Globalization;
using System.Text;

namespace Entrepot.Core.Documents;

/// <summary>Spans of time as people write them: <c>5s</c>, <c>1h30m</c>, <c>7d</c>. The unit is required, so that nobody has to guess.</summary>
public static class Duration
{
    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>Reads a span: whole numbers, each with a unit of <c>d h m s ms</c>, from the largest to the smallest.</summary>
    /// <returns>False when the text is no such span, or one beyond 10,000 days.</returns>
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = default;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
            return false;
        long total = 0;
        var smallest = long.MaxValue;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is <= 0 or > 15)
                return false;
            var number = long.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            rest = rest[digits..];
            var letters = rest.IndexOfAnyInRange('0', '9') is var end && end < 0 ? rest.Length : end;
            if (!TryUnit(rest[..letters], out var ticks) || ticks >= smallest || number > (TimeSpan.TicksPerDay * 10_000 - total) / ticks)
                return false;
            total += number * ticks;
            smallest = ticks;
            rest = rest[letters..];
        }

        span = TimeSpan.FromTicks(total);
        return true;
    }

    /// <summary>The exact form, to the millisecond, that <see cref="TryParse"/> reads back.</summary>
    public static string Format(TimeSpan span)
    {
        var ticks = span.Ticks;
        var text = new StringBuilder();
        foreach (var (unit, size) in Units)
        {
            if (ticks >= size)
                text.Append(CultureInfo.InvariantCulture, $"{ticks / size}{unit}");
            ticks %= size;
        }

        return text.Length == 0 ? "0s" : text.ToString();
    }

    private static bool TryUnit(ReadOnlySpan<char> text, out long ticks)
    {
        foreach (var (unit, size) in Units)
        {
            if (text.SequenceEqual(unit))
            {
                ticks = size;
                return true;
            }
        }

        ticks = 0;
        return false;
    }
}
