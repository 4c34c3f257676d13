using System.Buffers;

namespace Entrepot.Server.Push;

/// <summary>Reads one structured field value (RFC 9651 §4.2). Strict: whatever the grammar does not allow ends the reading with
/// false, and the caller then treats the whole field as malformed.</summary>
internal ref struct StructuredFieldReader(ReadOnlySpan<char> text)
{
    private const int MaxIntegerDigits = 15;  // RFC 9651 §3.3.1
    private const int MaxFractionDigits = 3;  // RFC 9651 §3.3.2
    private const int MaxWholeDigits = 12;

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-.*");
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~:/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private ReadOnlySpan<char> _rest = text;

    /// <summary>Reads a whole field that is a dictionary. A key that comes twice keeps its last value (§4.2.2).</summary>
    public bool TryReadDictionary(Dictionary<string, StructuredItem> members)
    {
        Skip(" ");
        while (!_rest.IsEmpty)
        {
            if (!TryReadKey(out var key))
                return false;
            var member = StructuredItem.True;
            if (TryTake('=') && !TryReadMember(out member))
                return false;
            if (!TryReadParameters())
                return false;
            members[key] = member;
            Skip(" \t");
            if (_rest.IsEmpty)
                return true;
            if (!TryTake(','))
                return false;
            Skip(" \t");
            if (_rest.IsEmpty)
                return false;  // §4.2.2: a comma at the end is an error
        }

        return true;
    }

    /// <summary>Reads a whole field that is one item; its parameters are checked and dropped.</summary>
    public bool TryReadItem(out StructuredItem item)
    {
        Skip(" ");
        if (!TryReadBareItem(out item) || !TryReadParameters())
            return false;
        Skip(" ");
        return _rest.IsEmpty;
    }

    private bool TryReadMember(out StructuredItem item)
    {
        if (_rest.IsEmpty || _rest[0] != '(')
            return TryReadBareItem(out item);
        item = default;
        _rest = _rest[1..];
        while (true)
        {
            Skip(" ");
            if (TryTake(')'))
                return true;  // an inner list: well formed, and nothing here uses one
            if (!TryReadBareItem(out _) || !TryReadParameters() || _rest.IsEmpty || (_rest[0] != ' ' && _rest[0] != ')'))
                return false;
        }
    }

    private bool TryReadParameters()
    {
        while (TryTake(';'))
        {
            Skip(" ");
            if (!TryReadKey(out _) || (TryTake('=') && !TryReadBareItem(out _)))
                return false;
        }

        return true;
    }

    private bool TryReadKey(out string key)
    {
        key = "";
        if (_rest.IsEmpty || (!char.IsAsciiLetterLower(_rest[0]) && _rest[0] != '*'))
            return false;
        key = TakeWhile(KeyCharacters).ToString();
        return true;
    }

    private bool TryReadBareItem(out StructuredItem item)
    {
        item = default;
        if (_rest.IsEmpty)
            return false;
        var first = _rest[0];
        if (first == '-' || char.IsAsciiDigit(first))
            return TryReadNumber(out item);
        if (char.IsAsciiLetter(first) || first == '*')
        {
            TakeWhile(TokenCharacters);
            return true;
        }

        _rest = _rest[1..];
        return first switch
        {
            ':' => TryReadBytes(out item),
            '?' => TryReadBoolean(out item),
            '"' => TryReadString(),
            '@' => TryReadNumber(out var date) && date.Integer is not null,
            '%' => TryTake('"') && TryReadDisplayString(),
            _ => false,
        };
    }

    private bool TryReadNumber(out StructuredItem item)
    {
        item = default;
        var negative = TryTake('-');
        var whole = TakeDigits();
        if (whole.IsEmpty || whole.Length > MaxIntegerDigits)
            return false;
        if (TryTake('.'))
        {
            var fraction = TakeDigits();
            return whole.Length <= MaxWholeDigits && fraction.Length is > 0 and <= MaxFractionDigits;
        }

        var value = long.Parse(whole, System.Globalization.NumberStyles.None, null);
        item = new StructuredItem { Integer = negative ? -value : value };
        return true;
    }

    private bool TryReadBoolean(out StructuredItem item)
    {
        var value = TryTake('1');
        item = new StructuredItem { Boolean = value };
        return value || TryTake('0');
    }

    private bool TryReadBytes(out StructuredItem item)
    {
        item = default;
        var end = _rest.IndexOf(':');
        if (end < 0)
            return false;
        var base64 = _rest[..end].ToString();
        _rest = _rest[(end + 1)..];
        foreach (var c in base64)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/' or '='))
                return false;
        }

        // §4.2.7 asks parsers to accept missing padding.
        if (base64.Length % 4 != 0 && !base64.Contains('='))
            base64 = base64.PadRight((base64.Length + 3) / 4 * 4, '=');
        var bytes = new byte[base64.Length / 4 * 3];
        if (!Convert.TryFromBase64String(base64, bytes, out var written))
            return false;
        item = new StructuredItem { Bytes = bytes[..written] };
        return true;
    }

    private bool TryReadString()
    {
        for (var i = 0; i < _rest.Length; i++)
        {
            var c = _rest[i];
            if (c == '\\')
            {
                if (++i >= _rest.Length || _rest[i] is not ('"' or '\\'))
                    return false;
            }
            else if (c == '"')
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
            else if (c is < ' ' or >= '\u007f')
            {
                return false;
            }
        }

        return false;
    }

    private bool TryReadDisplayString()
    {
        for (var i = 0; i < _rest.Length; i++)
        {
            var c = _rest[i];
            if (c == '%')
            {
                if (i + 2 >= _rest.Length || !IsLowerHex(_rest[i + 1]) || !IsLowerHex(_rest[i + 2]))
                    return false;
                i += 2;
            }
            else if (c == '"')
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
            else if (c is < ' ' or >= '\u007f')
            {
                return false;
            }
        }

        return false;
    }

    private static bool IsLowerHex(char c) => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f';

    private ReadOnlySpan<char> TakeDigits()
    {
        var end = _rest.IndexOfAnyExceptInRange('0', '9');
        return Take(end < 0 ? _rest.Length : end);
    }

    private ReadOnlySpan<char> TakeWhile(SearchValues<char> characters)
    {
        var end = _rest.IndexOfAnyExcept(characters);
        return Take(end < 0 ? _rest.Length : end);
    }

    private ReadOnlySpan<char> Take(int length)
    {
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    private bool TryTake(char wanted)
    {
        if (_rest.IsEmpty || _rest[0] != wanted)
            return false;
        _rest = _rest[1..];
        return true;
    }

    private void Skip(ReadOnlySpan<char> characters) => _rest = _rest.TrimStart(characters);
}

/// <summary>A bare item of the kinds that are used here; all null for a token, string, decimal, date or inner list.</summary>
internal readonly record struct StructuredItem
{
    /// <summary>The boolean true, which a dictionary member without a value stands for.</summary>
    public static StructuredItem True { get; } = new() { Boolean = true };

    /// <summary>The value of an Integer.</summary>
    public long? Integer { get; init; }

    /// <summary>The value of a Boolean.</summary>
    public bool? Boolean { get; init; }

    /// <summary>The value of a Byte Sequence.</summary>
    public byte[]? Bytes { get; init; }
}
