import type { Suggestion } from '@housestyle/contracts';
import { Menu } from '@mantine/core';
import { IconListNumbers } from '@tabler/icons-react';
import { Button } from '../look/button';
import type { SuggestionActions } from './actions';
import { decisionForWording } from './actions';
import classes from './wordings-menu.module.css';

interface WordingsMenuProps {
  readonly suggestion: Suggestion;
  readonly tabIndex: number;
  readonly actions: SuggestionActions;
}

/** The other hypotheses behind one button; a click takes one as the correction. */
export function WordingsMenu({ suggestion, tabIndex, actions }: WordingsMenuProps) {
  const take = (index: number) => {
    const decision = decisionForWording(suggestion, index);
    if (decision) actions.decide(suggestion, decision);
  };
  return (
    <Menu position="bottom-end" width={340} withinPortal>
      <Menu.Target>
        <Button
          look="ghost"
          isIcon
          tabIndex={tabIndex}
          aria-label={`Other wordings (${suggestion.hypotheses.length - 1})`}
          title="Other wordings"
        >
          <IconListNumbers size={17} stroke={1.7} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Take another wording</Menu.Label>
        {suggestion.hypotheses.slice(0, 5).map(({ text, confidence }, index) => (
          <Menu.Item key={index} onClick={() => take(index)}>
            <span className={classes.wording}>
              <kbd className={classes.key}>{index + 1}</kbd>
              <span className={classes.text} dir="auto">
                {text}
              </span>
              <span className={classes.share}>{Math.round(confidence * 100)} %</span>
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
