using System.Globalization;
using Entrepot.Server.Client;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Entrepot.Cli.Rendering;

/// <summary>Shows a transfer on a terminal: bar, bytes, rate and the time left. Shows nothing where nobody looks.</summary>
internal static class ProgressView
{
    /// <summary>Begins the description of a part.</summary>
    public const string PartSign = "└ ";

    private const int PercentWidth = 4;
    private const int BytesWidth = 21;
    private const int RateWidth = 12;
    private const int LeftWidth = 13;

    /// <summary>Columns that are left when the bar has taken its own: a description and the blanks between.</summary>
    private const int Rest = PercentWidth + BytesWidth + RateWidth + LeftWidth + 16 + 6;

    /// <summary>Runs work and shows how it goes.</summary>
    public static async Task<T> RunAsync<T>(CommandContext context, Func<ITransferObserver, Task<T>> work)
    {
        if (!context.ShowsProgress)
            return await work(SilentObserver.Instance);
        var console = Consoles.Create(context.Environment.Error, context.Environment.ErrorIsTerminal, context.Environment);
        return await Create(console).StartAsync(async progress => await work(new Bar(progress)));
    }

    /// <summary>The progress display that all commands share. A task whose description begins with <see cref="PartSign"/> is a part of another.</summary>
    public static Progress Create(IAnsiConsole console) => console.Progress().AutoClear(true).HideCompleted(false).Columns(
        new TaskDescriptionColumn { Alignment = Justify.Left },
        new ProgressBarColumn { Width = Math.Clamp(console.Profile.Width - Rest, 8, 40) },
        new TextColumn(PercentWidth, static task => $"{Math.Min(100, task.Percentage):0}%"),
        new TextColumn(BytesWidth, static task => IsPart(task) ? Units.Size((long)task.Value) : $"{Units.Size((long)task.Value)}/{Units.Size((long)task.MaxValue)}"),
        new TextColumn(RateWidth, static task => task is { IsFinished: false, Speed: { } speed } ? Units.Rate(speed) : ""),
        new TextColumn(LeftWidth, static task => !IsPart(task) && task is { IsFinished: false, RemainingTime: { } left } ? $"{Math.Min(99, (int)left.TotalHours):00}:{left.Minutes:00}:{left.Seconds:00} left" : ""));

    private static bool IsPart(ProgressTask task) => task.Description.StartsWith(PartSign, StringComparison.Ordinal);

    private sealed class Bar(ProgressContext progress) : ITransferObserver
    {
        private ProgressTask? _task;
        private int _items;
        private int _done;
        private string _stage = "";

        public void Begin(string stage, int items, long bytes)
        {
            _task?.StopTask();
            (_stage, _items, _done) = (stage, items, 0);
            _task = progress.AddTask(Title(), maxValue: Math.Max(1, bytes));
        }

        public void Advance(long bytes) => _task?.Increment(bytes);

        public void ItemDone()
        {
            Interlocked.Increment(ref _done);
            if (_task is { } task)
                task.Description = Title();
        }

        private string Title() => string.Create(CultureInfo.InvariantCulture, $"{_stage} {_done}/{_items}");
    }

    /// <summary>Text in a column of its own width, so that nothing jumps or wraps while numbers grow.</summary>
    private sealed class TextColumn(int width, Func<ProgressTask, string> text) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(text(task)) { Justification = Justify.Right };

        public override int? GetColumnWidth(RenderOptions options) => width;
    }
}
