namespace Entrepot.Cli.Rendering;

/// <summary>Keeps text from elsewhere from steering the terminal.</summary>
internal static class Printable
{
    /// <summary>The text with control characters shown as U+FFFD; line ends stay.</summary>
    public static string Text(string text)
        => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 ? text : string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) && source[i] != '\n' ? '\uFFFD' : source[i];
        });
}
