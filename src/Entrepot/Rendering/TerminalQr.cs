using System.Text;
using QRCoder;

namespace Entrepot.Cli.Rendering;

/// <summary>A QR code (ISO/IEC 18004) for the camera of a phone, on a terminal and nowhere else: what it holds may be a secret, and goes into no file.</summary>
internal static class TerminalQr
{
    // Black on white by their numbers, whatever the terminal calls so: readers expect dark on light.
    private const string Colours = "\u001b[38;5;16;48;5;231m";
    private const string Plain = "\u001b[0m";

    /// <summary>Shows a text, when somebody looks at it on a terminal that has room and colours.</summary>
    /// <returns>False when nothing was shown.</returns>
    public static bool Show(CliEnvironment environment, string text)
    {
        if (!environment.ErrorIsTerminal || !environment.AllowsColour)
            return false;
        var lines = Draw(text);
        if (lines[0].Length > environment.Width)
            return false;
        foreach (var line in lines)
            environment.Error.WriteLine($"{Colours}{line}{Plain}");
        return true;
    }

    /// <summary>Two rows of modules in a line of half blocks, with the quiet zone around.</summary>
    internal static IReadOnlyList<string> Draw(string text)
    {
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var rows = data.ModuleMatrix;
        var lines = new List<string>((rows.Count + 1) / 2);
        for (var y = 0; y < rows.Count; y += 2)
        {
            var line = new StringBuilder(rows.Count);
            for (var x = 0; x < rows.Count; x++)
                line.Append((rows[y][x], y + 1 < rows.Count && rows[y + 1][x]) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                });
            lines.Add(line.ToString());
        }

        return lines;
    }
}
