namespace Entrepot.Tests.Trust.Tokens;

/// <summary>Changes good tokens into others, at random: in their text, in their JSON, and by putting parts of several together.</summary>
internal static class TokenMutation
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";

    private static readonly string[] Words =
        ["none", "HS256", "ES256", "ES384", "JWT", "entrepot+jwt", "admin", "viewer", "publisher", "operator", "kid", "jwk", "crit", "exp", "roles", "9999999999", "0", "null", "[]", "{}"];

    public static string Apply(IReadOnlyList<string> good, Random random)
    {
        var token = good[random.Next(good.Count)];
        var changes = random.Next(1, 4);
        for (var i = 0; i < changes; i++)
            token = Once(token, good[random.Next(good.Count)], random);
        return token;
    }

    private static string Once(string token, string other, Random random)
    {
        var at = random.Next(token.Length + 1);
        var parts = token.Split('.');
        var others = other.Split('.');
        var part = random.Next(parts.Length);
        switch (random.Next(9))
        {
            case 0:
                return token.Length == 0 ? "." : token[..Math.Min(at, token.Length - 1)] + Letter(random) + token[Math.Min(at + 1, token.Length)..];
            case 1:
                return token[..at] + Letter(random) + token[at..];
            case 2:
                return token[..at] + token[Math.Min(token.Length, at + random.Next(1, 5))..];
            case 3:
                return token[..at];
            case 4:
                parts[part] = others[random.Next(others.Length)];
                return string.Join('.', parts);
            case 5:
                (parts[part], parts[0]) = (parts[0], parts[part]);
                return string.Join('.', parts);
            case 6:
                return random.Next(50) == 0 ? string.Concat(Enumerable.Repeat(token, 30)) : token + "." + other;
            default:
                parts[Math.Min(part, 1) % parts.Length] = InJson(parts[Math.Min(part, 1) % parts.Length], random);
                return string.Join('.', parts);
        }
    }

    /// <summary>Changes a word or a character of the JSON behind a part, or leaves it when there is none.</summary>
    private static string InJson(string part, Random random)
    {
        string json;
        try
        {
            json = TokenWorld.Decode(part);
        }
        catch (FormatException)
        {
            return part;
        }

        if (json.Length == 0)
            return part;
        var word = Words[random.Next(Words.Length)];
        var old = Words[random.Next(Words.Length)];
        var at = random.Next(json.Length);
        return TokenWorld.Encode(random.Next(3) switch
        {
            0 when json.Contains(old, StringComparison.Ordinal) => json.Replace(old, word, StringComparison.Ordinal),
            1 => $"{json[..at]}{(char)random.Next(32, 127)}{json[(at + 1)..]}",
            _ => json.Replace("}", $",\"{word}\":\"{old}\"}}", StringComparison.Ordinal),
        });
    }

    private static char Letter(Random random) => Alphabet[random.Next(Alphabet.Length)];
}
