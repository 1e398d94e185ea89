import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { cx } from './class.ts';

export interface Item {
  label: string;
  icon?: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** Of several, this one holds. */
  checked?: boolean;
}

interface Props {
  trigger: ReactElement;
  groups: { label?: string; items: Item[] }[];
  align?: 'start' | 'end';
  side?: 'top' | 'bottom';
}

/**
 * Takes the keys from the moment that the menu is there. By itself the focus would come to its first item a frame later, and a key
 * typed until then would go to the button that opened it.
 */
const take = (popup: HTMLElement | null) => {
  if (popup) queueMicrotask(() => popup.focus({ preventScroll: true }));
};

export function Menu({ trigger, groups, align = 'end', side = 'bottom' }: Props) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={6} className="z-50 outline-none">
          <Base.Popup
            ref={take}
            className="menu-box min-w-48 max-w-[calc(100vw-1.5rem)] rounded-lg border border-line bg-raised p-1 text-sm shadow-raised outline-none"
          >
            {groups
              .filter((group) => group.items.length)
              .map((group, index) => (
                <Base.Group
                  key={group.label ?? group.items[0]?.label}
                  className={cx(index > 0 && 'mt-1 border-t border-line pt-1')}
                >
                  {group.label ? (
                    <Base.GroupLabel className="px-2 pt-1 pb-0.5 text-2xs font-medium text-ink-3">
                      {group.label}
                    </Base.GroupLabel>
                  ) : null}
                  {group.items.map((item) => (
                    <Base.Item
                      key={item.label}
                      disabled={item.disabled ?? false}
                      onClick={item.onSelect}
                      className={cx(
                        'flex cursor-default items-center gap-2 rounded-md px-2 py-1.5 outline-none select-none data-[disabled]:opacity-50',
                        item.danger
                          ? 'text-bad data-[highlighted]:bg-bad-soft'
                          : 'text-ink-2 data-[highlighted]:bg-hover data-[highlighted]:text-ink',
                      )}
                    >
                      {item.icon}
                      <span className="flex-1 truncate">{item.label}</span>
                      {item.checked ? <Check size={14} aria-hidden /> : null}
                    </Base.Item>
                  ))}
                </Base.Group>
              ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
