using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Entrepot.Cli;

/// <summary>Says what is wrong with a word of the command line without the names of .NET's types.</summary>
internal static class ParseErrorWords
{
    /// <summary>The error in the words of the settings' errors where a value could not be read; the parser's own otherwise.</summary>
    public static string Of(ParseError error)
    {
        var (name, type, tokens) = error.SymbolResult switch
        {
            ArgumentResult { Parent: OptionResult option } => (option.Option.Name, option.Option.ValueType, option.Tokens),
            OptionResult option => (option.Option.Name, option.Option.ValueType, option.Tokens),
            ArgumentResult argument => (argument.Argument.Name.ToUpperInvariant(), argument.Argument.ValueType, argument.Tokens),
            _ => ("", typeof(string), []),
        };
        return tokens.Count == 1 && Expected(Nullable.GetUnderlyingType(type) ?? type, tokens[0].Value) is { } expected
            ? $"{name} is '{tokens[0].Value}'; expected {expected}"
            : error.Message;
    }

    /// <summary>Refuses numbers outside a range. Asking the parser for a value that is none would throw.</summary>
    public static void Within(this Option<int> option, int least, int most) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && (number < least || number > most))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {least}–{most}"));
    });

    /// <summary>What a value of the type is; null when the text is one, so that something else is wrong.</summary>
    private static string? Expected(Type type, string text)
    {
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : "a whole number";
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : "a whole number";
        if (type == typeof(bool))
            return bool.TryParse(text, out _) ? null : "true or false";
        if (type.IsEnum && !Enum.TryParse(type, text, ignoreCase: true, out _))
            return $"one of {string.Join(", ", Enum.GetNames(type).Select(static value => value.ToLowerInvariant()))}";
        return null;
    }
}
