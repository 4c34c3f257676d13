namespace Entrepot.Server.Scheduler.Pages;

/// <summary>The style of all pages.</summary>
internal static class PageStyle
{
    /// <summary>The style sheet. Colours have a contrast of at least 4.5:1 in both schemes (WCAG 2.2, 1.4.3).</summary>
    public const string Css = """
        :root {
          color-scheme: light dark;
          --bg: #fcfcfa; --fg: #1c2226; --dim: #5b676f; --line: #e0e4e6; --soft: #f1f4f4; --link: #0a6565; --good: #1b6e3a; --bad: #a3341f;
        }
        @media (prefers-color-scheme: dark) {
          :root { --bg: #13171a; --fg: #e2e7e9; --dim: #96a4ac; --line: #2b3338; --soft: #1c2327; --link: #63cdc6; --good: #7fd39a; --bad: #f09a86; }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 3rem; background: var(--bg); color: var(--fg);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        a { color: var(--link); text-decoration: none; }
        a:hover, a:focus-visible { text-decoration: underline; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
        header ol { display: flex; flex-wrap: wrap; gap: .1rem .5rem; margin: 0; padding: 0; list-style: none; font-size: 1.2rem; }
        header li + li::before { content: "/"; color: var(--dim); padding-right: .5rem; }
        header li a[aria-current] { color: var(--fg); font-weight: 600; }
        .sum, .dim { color: var(--dim); }
        .sum { margin: .3rem 0 1.2rem; }
        .lead { margin: .3rem 0 0; }
        .scroll { overflow-x: auto; }
        table { width: 100%; border-collapse: collapse; }
        th, td { padding: .34rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { font-weight: 600; font-size: .86rem; color: var(--dim); white-space: nowrap; border-bottom-width: 2px; }
        th a { color: inherit; }
        th[aria-sort=ascending] a::after { content: " \2191"; }
        th[aria-sort=descending] a::after { content: " \2193"; }
        th[aria-sort] a { color: var(--fg); }
        tbody tr:hover { background: var(--soft); }
        td.n { overflow-wrap: anywhere; min-width: 12rem; }
        td.n a { display: block; padding-left: 1.6rem; background: no-repeat left .28em / 1.05rem; }
        td.folder a { font-weight: 500; background-image: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%23c59b3a' d='M1 3.5A1.5 1.5 0 0 1 2.500 2h3.400l1.600 1.800h6A1.500 1.500 0 0 1 15 5.300v7.200A1.500 1.500 0 0 1 13.500 14h-11A1.500 1.500 0 0 1 1 12.500z'/%3E%3C/svg%3E"); }
        td.file a { background-image: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' stroke='%237d8d97' stroke-width='1.200' d='M3.600 1.600h5.600l3.200 3.200v9.600H3.600zM9 1.800V5h3.200'/%3E%3C/svg%3E"); }
        td.up a { background-image: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' stroke='%237d8d97' stroke-width='1.400' d='M8 13V3.500M3.800 7.700 8 3.500l4.200 4.200'/%3E%3C/svg%3E"); }
        .r { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        th.r:first-child { width: 1%; }
        td.t { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--dim); }
        code { font: .86em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; user-select: all; }
        td code.d { display: inline-block; width: 13ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: top; line-height: 1.75; color: var(--dim); }
        .one { white-space: nowrap; }
        td.m { white-space: nowrap; font-size: .86rem; line-height: 1.75; }
        td.m a + a { margin-left: .7rem; }
        nav.pages { display: flex; gap: 1.5rem; align-items: baseline; margin: 1rem 0; }
        footer { margin-top: 1.4rem; font-size: .86rem; color: var(--dim); overflow-wrap: anywhere; }
        footer p { margin: .25rem 0; }
        h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 1rem 0; }
        dt { color: var(--dim); }
        dd { margin: 0; overflow-wrap: anywhere; }
        .good { color: var(--good); font-weight: 600; }
        .bad { color: var(--bad); font-weight: 600; }
        .empty { padding: 2rem 0; color: var(--dim); }
        @media (max-width: 48rem) { .wide, .tod { display: none; } th, td { padding: .34rem .4rem; } body { padding: 1rem .75rem 2rem; } td.n { min-width: 0; } }

        """;
}
