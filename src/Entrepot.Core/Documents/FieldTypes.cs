using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Entrepot.Core.Identities;

namespace Entrepot.Core.Documents;

/// <summary>The kinds of value that documents of every feature have.</summary>
public static class FieldTypes
{
    /// <summary>The highest port number (RFC 9293 §3.1: 16 bits).</summary>
    public const int MaxPort = 65535;

    /// <summary>A list of networks in CIDR form.</summary>
    public static FieldType<ImmutableArray<IPNetwork>> Networks { get; } = new NetworksType();

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static FieldType<bool> Switch { get; } = new ScalarType<bool>(
        "true or false",
        static (text, out value, out hint) =>
        {
            hint = null;
            value = text == "true";
            return text is "true" or "false";
        },
        static value => value ? "true" : "false");

    /// <summary>A node name.</summary>
    public static FieldType<NodeName> NodeName { get; } = new ScalarType<NodeName>(
        "a node name of 1–63 characters a–z, 0–9 and '-'",
        static (text, out value, out hint) =>
        {
            hint = null;
            return Identities.NodeName.TryParse(text, out value, out _);
        },
        static value => Quote(value.Value));

    /// <summary>An IP address in its usual form.</summary>
    public static FieldType<IPAddress> Address { get; } = new ScalarType<IPAddress>(
        "an IP address such as 127.0.0.1, 0.0.0.0 or ::",
        static (text, out value, out hint) =>
        {
            hint = text == "localhost" ? "write 127.0.0.1 or ::1" : null;
            return TryAddress(text, out value!);
        },
        static value => Quote(value.ToString()));

    /// <summary>A port, 1–65535.</summary>
    public static FieldType<int> Port { get; } = WholeNumber(1, MaxPort, "a port, 1–65535");

    /// <summary>A whole number between two bounds, both included.</summary>
    public static FieldType<int> WholeNumber(int from, int to, string? expected = null) => new ScalarType<int>(
        expected ?? string.Create(CultureInfo.InvariantCulture, $"a whole number, {from}–{to}"),
        (text, out value, out hint) =>
        {
            hint = null;
            var ok = TryWholeNumber(text, out var number) && number >= from && number <= to;
            value = ok ? (int)number : 0;
            return ok;
        },
        static value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A whole number, or <c>null</c>.</summary>
    public static FieldType<int?> OptionalWholeNumber(int from, int to)
        => new OptionalType<int, int?>(WholeNumber(from, to), static value => value, static value => (value.HasValue, value.GetValueOrDefault()));

    /// <summary>A span of time between two bounds, both included.</summary>
    public static FieldType<TimeSpan> Span(TimeSpan from, TimeSpan to) => new ScalarType<TimeSpan>(
        $"a duration such as 90s or 1h30m, {Duration.Format(from)}–{Duration.Format(to)}",
        (text, out value, out hint) =>
        {
            hint = text.All(char.IsAsciiDigit) ? "say the unit: ms, s, m, h or d" : null;
            return Duration.TryParse(text, out value) && value >= from && value <= to;
        },
        Duration.Format);

    /// <summary>A member of an enumeration, in lower case.</summary>
    public static FieldType<T> Choice<T>()
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(static name => name.ToLowerInvariant()).ToArray();
        return new ScalarType<T>(
            names.Length == 2 ? $"{names[0]} or {names[1]}" : $"one of {string.Join(", ", names)}",
            (text, out value, out hint) =>
            {
                value = default;
                hint = Suggestion.For(text, names) is { } near ? $"did you mean {near}?" : null;
                return names.Contains(text, StringComparer.Ordinal) && Enum.TryParse(text, ignoreCase: true, out value);
            },
            static value => value.ToString().ToLowerInvariant());
    }

    /// <summary>A member of an enumeration in lower case, or <c>null</c>.</summary>
    public static FieldType<T?> OptionalChoice<T>()
        where T : struct, Enum
        => new OptionalType<T, T?>(Choice<T>(), static value => value, static value => (value.HasValue, value.GetValueOrDefault()));

    /// <summary>Plain where YAML reads it back as the same text, else in double quotes.</summary>
    public static string Quote(string text)
        => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '/' or '_' or '-') && text[0] != '-' && text is not ("null" or "true" or "false")
            ? text
            : '"' + string.Concat(text.Select(static c => c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or '\u007f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            })) + '"';

    /// <summary>Reads an IP address in its usual form only.</summary>
    public static bool TryAddress(string text, out IPAddress? address)
    {
        // IPAddress also reads "127.1", "0x7f000001" and "2130706433", which nobody means in a file.
        address = null;
        var isFour = text.Count(static c => c == '.') == 3 && text.All(static c => char.IsAsciiDigit(c) || c == '.')
            && text.Split('.').All(static part => part.Length is > 0 and <= 3 && (part == "0" || part[0] != '0'));
        return (isFour || (text.Contains(':', StringComparison.Ordinal) && text[0] != '[')) && IPAddress.TryParse(text, out address);
    }

    /// <summary>Another type's value, or <c>null</c>.</summary>
    public static FieldType<T?> Optional<T>(FieldType<T> inner)
        where T : class
        => new OptionalType<T, T>(inner, static value => value, static value => (true, value));

    /// <summary>Reads a whole number with an optional sign.</summary>
    public static bool TryWholeNumber(string text, out long number)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
